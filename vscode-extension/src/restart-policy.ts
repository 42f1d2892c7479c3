// What happens when the server ends by itself: it is started again; from the third crash within a few minutes on
// without a model, since quick-fixes need none; and when that crashes too, no more. Knows no VS Code.

export type Verdict = 'restart' | 'safe-mode' | 'give-up';

const windowMs = 3 * 60_000;
const crashesUntilSafeMode = 3;

export class RestartPolicy {
  private crashes: number[] = [];
  private safe = false;

  /** Whether the server is to be started without a model. */
  get safeMode(): boolean {
    return this.safe;
  }

  crashed(nowMs: number): Verdict {
    if (this.safe) return 'give-up';
    this.crashes = [...this.crashes.filter((at) => nowMs - at < windowMs), nowMs];
    if (this.crashes.length < crashesUntilSafeMode) return 'restart';
    this.safe = true;
    return 'safe-mode';
  }

  /** How long to wait before the next start: a crash at the start must not spin. */
  get delayMs(): number {
    return Math.min(4000, 500 * 2 ** Math.max(0, this.crashes.length - 1));
  }
}
