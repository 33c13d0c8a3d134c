import type { Locator, Page } from "playwright-core";

/** The lines above training loops. */
export class CodeLens {
  constructor(private readonly page: Page) {}

  get profile(): Locator {
    return this.page.locator(".codelens-decoration a", { hasText: "Profile this loop" }).first();
  }

  /** What the last run of a loop used. */
  get result(): Locator {
    return this.page.locator(".codelens-decoration a", { hasText: /\bW\b/ }).first();
  }

  async count(): Promise<number> {
    return this.page.locator(".codelens-decoration a").count();
  }

  async profileLoop(): Promise<void> {
    await this.profile.waitFor({ timeout: 30_000 });
    await this.profile.click();
  }
}
