"""Fits a forest of scikit-learn's and boosted trees of LightGBM's to the same table, and compares them.

Usage:
    python fit_trees.py [--rows N] [--seed N]
"""

import argparse

import lightgbm
import numpy as np
from sklearn.ensemble import RandomForestRegressor
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split


def table(rows, seed):
    """Friedman's first function (1991): five of ten columns matter."""
    random = np.random.default_rng(seed)
    x = random.uniform(size=(rows, 10))
    y = 10 * np.sin(np.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2 + 10 * x[:, 3] + 5 * x[:, 4]
    return x, y + random.normal(size=rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=8_000)
    parser.add_argument("--trees", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    x, y = table(options.rows, options.seed)
    x, test_x, y, test_y = train_test_split(x, y, random_state=options.seed)

    forest = RandomForestRegressor(n_estimators=options.trees, min_samples_leaf=3, random_state=options.seed)
    forest.fit(x, y)
    print(f"forest   R² {r2_score(test_y, forest.predict(test_x)):.6f}")

    data = lightgbm.Dataset(x, y)
    settings = {"objective": "regression", "verbose": -1, "seed": options.seed, "deterministic": True, "num_threads": 2}
    boosted = lightgbm.train(settings, data, num_boost_round=options.trees)
    print(f"boosted  R² {r2_score(test_y, boosted.predict(test_x)):.6f}")


if __name__ == "__main__":
    main()
