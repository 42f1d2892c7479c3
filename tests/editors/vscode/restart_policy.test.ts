// When a server that crashes is started again.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RestartPolicy } from '../../../vscode-extension/src/restart-policy.ts';

const minute = 60_000;

describe('the restart policy', () => {
  test('goes into safe mode at the third crash within three minutes, and gives up when that crashes', () => {
    const policy = new RestartPolicy();
    assert.equal(policy.crashed(0), 'restart');
    assert.equal(policy.crashed(minute), 'restart');
    assert.equal(policy.safeMode, false);
    assert.equal(policy.crashed(2 * minute), 'safe-mode');
    assert.equal(policy.safeMode, true);
    assert.equal(policy.crashed(20 * minute), 'give-up');
  });

  test('forgets crashes that are long ago', () => {
    const policy = new RestartPolicy();
    for (let i = 0; i < 20; i++) assert.equal(policy.crashed(i * 2 * minute), 'restart');
  });

  test('waits longer after each crash, and never long', () => {
    const policy = new RestartPolicy();
    const delays = [0, 1, 2].map((at) => {
      policy.crashed(at);
      return policy.delayMs;
    });
    assert.deepEqual(delays, [500, 1000, 2000]);
  });
});
