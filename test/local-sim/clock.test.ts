import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Clock, realClock, sleep, virtualClock } from '../../local-sim/clock.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));
async function turns(count = 20): Promise<void> {
  for (let i = 0; i < count; i++) await turn();
}

describe('virtualClock', () => {
  test('fires timers in order of their time, then of their making, whatever order they were set in', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(5), { maxLength: 8 }), async (delays) => {
        const clock = virtualClock(0);
        const fired: [number, number][] = [];
        await Promise.all(
          delays.map(
            (delay, i) =>
              new Promise<void>((resolve) =>
                clock.at(delay, () => {
                  fired.push([clock.now(), i]);
                  resolve();
                }),
              ),
          ),
        );
        const wanted = delays.map((delay, i): [number, number] => [delay, i]).sort((a, b) => a[0] - b[0] || a[1] - b[1]);
        expect(fired).toEqual(wanted);
      }),
      { numRuns: 50 },
    );
  });

  test('takes no time for long waits', async () => {
    const clock = virtualClock(0);
    await sleep(clock, 365 * 86_400_000);
    expect(clock.now()).toBe(365 * 86_400_000);
  });

  test('stands still while anything is busy', async () => {
    const clock = virtualClock(0);
    const [one, two] = [clock.busy(), clock.busy()];
    let fired = false;
    clock.at(10, () => {
      fired = true;
    });
    await turns();
    one();
    one();
    await turns();
    expect([fired, clock.now()]).toEqual([false, 0]);
    two();
    await turns();
    expect([fired, clock.now()]).toEqual([true, 10]);
  });

  test('lets work that a timer starts mark itself busy before the next timer', async () => {
    const clock = virtualClock(0);
    const order: string[] = [];
    clock.at(1, () => {
      void (async () => {
        const free = clock.busy();
        await turns(5);
        order.push(`work at ${clock.now()}`);
        free();
      })();
    });
    clock.at(2, () => void order.push(`next at ${clock.now()}`));
    await turns(40);
    expect(order).toEqual(['work at 1', 'next at 2']);
  });

  test('forgets a cancelled timer and never goes back', async () => {
    const clock = virtualClock(100);
    const timer = clock.at(200, () => {
      throw new Error('cancelled');
    });
    timer.cancel();
    timer.cancel();
    expect(clock.pending()).toBe(0);
    let at = 0;
    clock.at(50, () => {
      at = clock.now();
    });
    await turns();
    expect(at).toBe(100);
  });
});

describe('sleep', () => {
  const clocks: [string, () => Clock][] = [
    ['the real clock', realClock],
    ['a virtual clock', () => virtualClock()],
  ];
  test.each(clocks)('ends after its time on %s', async (_, make) => {
    const clock = make();
    const before = clock.now();
    await sleep(clock, 12);
    expect(clock.now() - before).toBeGreaterThanOrEqual(11);
  });

  test.each(clocks)('ends with the reason of its signal on %s', async (_, make) => {
    const clock = make();
    const free = clock.busy();
    const abort = new AbortController();
    const sleeping = sleep(clock, 1_000_000, abort.signal);
    abort.abort(new Error('enough'));
    await expect(sleeping).rejects.toThrow('enough');
    await expect(sleep(clock, 1, abort.signal)).rejects.toThrow('enough');
    free();
  });
});

describe('realClock', () => {
  test('waits for times beyond the reach of one timer without firing early', async () => {
    const clock = realClock();
    let fired = false;
    const timer = clock.at(clock.now() + 2 ** 31 + 1000, () => {
      fired = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    timer.cancel();
    expect(fired).toBe(false);
  });
});
