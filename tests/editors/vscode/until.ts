// Waiting for conditions: the only way in which these tests wait.
const pollMs = 40;
/** Long: what it ends is a broken test, and a busy machine is none. */
export const patienceMs = 180_000;

/** The first true value of `probe`. Pauses are counted, not the time: a machine that stood still is no reason to give up. */
export async function until<T>(what: string, probe: () => T | Promise<T>, patience = patienceMs): Promise<T> {
  for (let left = patience / pollMs; ; left--) {
    const value = await probe();
    if (value) return value;
    if (left <= 0) throw new Error(`waited ${patience} ms in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}
