/** The devices as they are now: their status may change while tasks wait and run, and each works in its windows only. */
import { type Clock, sleep } from '../clock.ts';
import type { BraketDevice, DeviceStatus } from './devices.ts';
import { nextOpening } from './windows.ts';

/** Why a task cannot go on. */
export class DeviceGone extends Error {}

type Watcher = (status: DeviceStatus) => void;

export class DeviceBoard {
  readonly #clock: Clock;
  readonly #devices: Map<string, BraketDevice>;
  readonly #watchers = new Map<string, Set<Watcher>>();

  constructor(clock: Clock, devices: readonly BraketDevice[]) {
    this.#clock = clock;
    this.#devices = new Map(devices.map((device) => [device.arn, device]));
  }

  get(arn: string): BraketDevice | undefined {
    return this.#devices.get(arn);
  }

  all(): BraketDevice[] {
    return [...this.#devices.values()];
  }

  setStatus(arn: string, status: DeviceStatus): void {
    const device = this.#devices.get(arn);
    if (!device) throw new Error(`a device of this local cloud wanted, ${arn} found`);
    this.#devices.set(arn, { ...device, status });
    for (const watcher of this.#watchers.get(arn) ?? []) watcher(status);
  }

  /** Calls `watcher` after each change of status, until the function that is returned was called. */
  watch(arn: string, watcher: Watcher): () => void {
    const watchers = this.#watchers.get(arn) ?? new Set();
    this.#watchers.set(arn, watchers.add(watcher));
    return () => watchers.delete(watcher);
  }

  isReady(arn: string): boolean {
    const device = this.#devices.get(arn);
    const nowMs = this.#clock.now();
    return device?.status === 'ONLINE' && nextOpening(device.executionWindows, nowMs) === nowMs;
  }

  /** Resolves when the device takes tasks from its queue; rejects with DeviceGone when it never will again. */
  async ready(arn: string, cancelled: AbortSignal): Promise<void> {
    for (;;) {
      cancelled.throwIfAborted();
      const device = this.#devices.get(arn);
      if (!device) throw new DeviceGone(`Device ${arn} is not in the table of this local cloud any more.`);
      if (device.status === 'RETIRED') throw new DeviceGone(`Device ${arn} has been retired.`);
      const nowMs = this.#clock.now();
      const opensAtMs = device.status === 'ONLINE' ? nextOpening(device.executionWindows, nowMs) : undefined;
      if (opensAtMs === nowMs) return;
      await this.#change(arn, opensAtMs, cancelled);
    }
  }

  /** Waits for a change of status, at most until `atMs`. */
  async #change(arn: string, atMs: number | undefined, cancelled: AbortSignal): Promise<void> {
    const changed = new AbortController();
    const unwatch = this.watch(arn, () => changed.abort());
    const either = AbortSignal.any([cancelled, changed.signal]);
    try {
      if (atMs !== undefined) await sleep(this.#clock, atMs - this.#clock.now(), either);
      else await new Promise((_, reject) => either.addEventListener('abort', () => reject(either.reason), { once: true }));
    } catch (error) {
      if (cancelled.aborted) throw error;
    } finally {
      unwatch();
    }
  }
}
