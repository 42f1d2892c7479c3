// Waiting for conditions: the only way in which these tests wait.
const pollMs = 40;

/** The first true value of `probe`. */
export async function until<T>(what: string, probe: () => T | Promise<T>, patienceMs = 90_000): Promise<T> {
  for (const end = Date.now() + patienceMs; ;) {
    const value = await probe();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited ${patienceMs} ms in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}
