/**
 * Property tests draw the same examples in every run, so that a red test is about the change that made it red. To look
 * for new counterexamples, give another seed: FAST_CHECK_SEED=7 npx vitest run.
 */
import fc from "fast-check";

fc.configureGlobal({ seed: Number(process.env.FAST_CHECK_SEED ?? 20261124) });
