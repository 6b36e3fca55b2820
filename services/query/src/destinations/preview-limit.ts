// Bounds how many previews of a tenant are counted at once: each may keep a database connection busy for two seconds.

const atOnce = 2;

export class PreviewLimit {
  private readonly running = new Map<string, number>();

  /** To be called when the preview is done; `undefined` where none may begin. */
  take(tenant: string): (() => void) | undefined {
    const running = this.running.get(tenant) ?? 0;
    if (running >= atOnce) return undefined;
    this.running.set(tenant, running + 1);
    return () => this.giveBack(tenant);
  }

  private giveBack(tenant: string): void {
    const running = this.running.get(tenant) ?? 0;
    if (running <= 1) this.running.delete(tenant);
    else this.running.set(tenant, running - 1);
  }
}
