import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/unit/**/*.test.ts"],
    setupFiles: ["test/unit/setup.ts"],
    // Two cores: more workers than that only disturb each other.
    maxWorkers: 2,
    testTimeout: 30_000,
  },
});
