/**
 * A place on the device for every qubit of a circuit, and swaps where two that meet are not neighbours. The circuit is kept on
 * as few qubits of the device as it can: a simulation pays for each.
 *
 * source  Li, Ding and Xie 2019, arXiv:1809.02573, for the look-ahead by which a swap is chosen
 */

import { GATES } from '../circuit/gates.ts';
import { must } from '../errors.ts';
import type { SmallGate } from './lower.ts';

/** Neighbours of every qubit by its label on the device; null: all are connected. */
export type Connectivity = Readonly<Record<string, readonly string[]>> | null;

export interface Routed {
  /** Gates on labels of the device, two-qubit ones on neighbours only. */
  readonly gates: readonly SmallGate[];
  /** Label on which each qubit of the circuit starts, and on which it is in the end. */
  readonly initial: readonly number[];
  readonly final: readonly number[];
  readonly swaps: number;
}

const SWAP = GATES.get('swap')!.matrix([]);
/** Gates ahead that a swap is judged by, and the weight of each against the one before. */
const LOOK_AHEAD = 12;
const FADING = 0.7;
const MOST_STARTS = 24;

/** Labels of the device's qubits: those of its graph, or 0 to n - 1 where all are connected. */
export function deviceLabels(connectivity: Connectivity, qubitCount: number): number[] {
  if (connectivity === null) return Array.from({ length: qubitCount }, (_, i) => i);
  return Object.keys(connectivity)
    .map(Number)
    .sort((a, b) => a - b);
}

class DeviceGraph {
  readonly labels: readonly number[];
  readonly #neighbours: ReadonlyMap<number, readonly number[]>;
  readonly #distances = new Map<number, ReadonlyMap<number, number>>();

  constructor(connectivity: Exclude<Connectivity, null>) {
    this.labels = deviceLabels(connectivity, 0);
    this.#neighbours = new Map(this.labels.map((label) => [label, (connectivity[label] ?? []).map(Number)]));
  }

  neighbours(label: number): readonly number[] {
    return this.#neighbours.get(label) ?? [];
  }

  /** Steps between two labels; Infinity where no way leads. */
  distance(from: number, to: number): number {
    let found = this.#distances.get(from);
    if (found === undefined) {
      found = this.#walk(from);
      this.#distances.set(from, found);
    }
    return found.get(to) ?? Number.POSITIVE_INFINITY;
  }

  #walk(from: number): ReadonlyMap<number, number> {
    const found = new Map([[from, 0]]);
    const queue = [from];
    for (let head = 0; head < queue.length; head++) {
      for (const next of this.neighbours(queue[head]!)) {
        if (found.has(next)) continue;
        found.set(next, found.get(queue[head]!)! + 1);
        queue.push(next);
      }
    }
    return found;
  }
}

const GRAPHS = new WeakMap<Exclude<Connectivity, null>, DeviceGraph>();

function graphOf(connectivity: Exclude<Connectivity, null>): DeviceGraph {
  const known = GRAPHS.get(connectivity) ?? new DeviceGraph(connectivity);
  GRAPHS.set(connectivity, known);
  return known;
}

/**
 * Routes gates on `qubits` circuit qubits. `fixed` pins the start of every qubit to a label, as programs on physical qubits do.
 *
 * throws  QuantumError where the device is too small, a label is not on it, or its graph falls apart between two labels
 */
export function routeGates(
  gates: readonly SmallGate[],
  qubits: number,
  connectivity: Connectivity,
  qubitCount: number,
  fixed: readonly number[] | null = null,
): Routed {
  const labels = new Set(deviceLabels(connectivity, qubitCount));
  must(qubits <= labels.size, `route: a device of ${qubits} qubits wanted, ${labels.size} found`);
  for (const label of fixed ?? []) must(labels.has(label), `route: a qubit of the device wanted, $${label} found`);
  if (connectivity === null) {
    const initial = fixed ?? Array.from({ length: qubits }, (_, i) => i);
    return { gates: gates.map((one) => moved(one, initial)), initial, final: initial, swaps: 0 };
  }
  const graph = graphOf(connectivity);
  if (fixed !== null) return insertSwaps(gates, graph, fixed);
  const candidates = startsOf(graph).map((start) => placement(gates, qubits, graph, start));
  const fitting = candidates.filter((places): places is number[] => places !== null);
  must(fitting.length > 0, `route: ${qubits} connected qubits wanted on the device, none found`);
  let best: Routed | null = null;
  for (const places of cheapest(fitting, gates, graph)) {
    const routed = insertSwaps(gates, graph, places);
    if (best === null || routed.swaps < best.swaps) best = routed;
    if (best.swaps === 0) break;
  }
  return best!;
}

function moved({ qubits, matrix }: SmallGate, places: readonly number[]): SmallGate {
  return { matrix, qubits: qubits.map((qubit) => places[qubit]!) as unknown as SmallGate['qubits'] };
}

/** Places to grow from, spread over a large device. */
function startsOf(graph: DeviceGraph): number[] {
  const step = Math.max(1, Math.floor(graph.labels.length / MOST_STARTS));
  return graph.labels.filter((_, i) => i % step === 0);
}

/** Grows a connected patch: the qubit that meets the placed ones most often goes next, to the free place nearest to them. */
function placement(gates: readonly SmallGate[], qubits: number, graph: DeviceGraph, start: number): number[] | null {
  const meetings = meetingsOf(gates, qubits);
  const totals = meetings.map((row) => row.reduce((sum, weight) => sum + weight, 0));
  const places = new Map<number, number>([[totals.indexOf(Math.max(...totals)), start]]);
  while (places.size < qubits) {
    const taken = new Set(places.values());
    const free = new Set([...taken].flatMap((label) => graph.neighbours(label)).filter((label) => !taken.has(label)));
    if (free.size === 0) return null;
    const bond = (qubit: number) => [...places.keys()].reduce((sum, other) => sum + meetings[qubit]![other]!, 0);
    const waiting = Array.from({ length: qubits }, (_, i) => i).filter((qubit) => !places.has(qubit));
    const next = waiting.reduce((best, qubit) => (bond(qubit) > bond(best) ? qubit : best));
    const cost = (label: number) => {
      let sum = 0;
      for (const [other, at] of places) sum += (meetings[next]![other]! + 1e-3) * graph.distance(label, at);
      return sum;
    };
    const label = [...free].sort((a, b) => cost(a) - cost(b) || a - b)[0]!;
    places.set(next, label);
  }
  return Array.from({ length: qubits }, (_, qubit) => places.get(qubit)!);
}

function meetingsOf(gates: readonly SmallGate[], qubits: number): number[][] {
  const meetings = Array.from({ length: qubits }, () => new Array<number>(qubits).fill(0));
  for (const { qubits: pair } of gates) {
    const [a, b] = pair;
    if (b === undefined) continue;
    meetings[a]![b]! += 1;
    meetings[b]![a]! += 1;
  }
  return meetings;
}

/** The three placements with the least way between partners. */
function cheapest(placements: readonly number[][], gates: readonly SmallGate[], graph: DeviceGraph): number[][] {
  const way = (places: readonly number[]) =>
    gates.reduce((sum, { qubits: [a, b] }) => (b === undefined ? sum : sum + graph.distance(places[a]!, places[b]!)), 0);
  return [...placements].sort((a, b) => way(a) - way(b)).slice(0, 3);
}

function insertSwaps(gates: readonly SmallGate[], graph: DeviceGraph, start: readonly number[]): Routed {
  const places = [...start];
  const out: SmallGate[] = [];
  let swaps = 0;
  // Where the patch is connected, swaps stay inside it.
  const inside = isConnected(start, graph) ? new Set(start) : null;
  gates.forEach((one, index) => {
    const [a, b] = one.qubits;
    if (b !== undefined) {
      must(
        Number.isFinite(graph.distance(places[a]!, places[b]!)),
        `route: a way between $${places[a]} and $${places[b]} wanted, none found`,
      );
      while (graph.distance(places[a]!, places[b]!) > 1) {
        const ahead = gates.slice(index, index + 4 * LOOK_AHEAD).filter(({ qubits }) => qubits.length === 2);
        const [from, to] = nextSwap(places, a, b, ahead.slice(0, LOOK_AHEAD), graph, inside);
        out.push({ matrix: SWAP, qubits: [from, to] });
        swaps++;
        exchange(places, from, to);
      }
    }
    out.push(moved(one, places));
  });
  return { gates: out, initial: [...start], final: places, swaps };
}

function isConnected(labels: readonly number[], graph: DeviceGraph): boolean {
  const wanted = new Set(labels);
  const reached = [...labels.slice(0, 1)];
  for (let head = 0; head < reached.length; head++) {
    wanted.delete(reached[head]!);
    for (const next of graph.neighbours(reached[head]!)) if (wanted.delete(next)) reached.push(next);
  }
  return wanted.size === 0;
}

/** The swap that brings the two of the next gate closer and does the gates ahead the most good. */
function nextSwap(
  places: readonly number[],
  a: number,
  b: number,
  ahead: readonly SmallGate[],
  graph: DeviceGraph,
  inside: ReadonlySet<number> | null,
): [number, number] {
  const way = stepsWithin(places[b]!, graph, inside);
  const back = stepsWithin(places[a]!, graph, inside);
  const options: [number, number][] = [];
  for (const [label, steps] of [
    [places[a]!, way],
    [places[b]!, back],
  ] as const) {
    for (const next of graph.neighbours(label)) {
      if ((steps.get(next) ?? Number.POSITIVE_INFINITY) < steps.get(label)!) options.push([label, next]);
    }
  }
  const cost = ([from, to]: [number, number]) => {
    const after = [...places];
    exchange(after, from, to);
    let weight = 1;
    let sum = 0;
    for (const { qubits } of ahead) {
      sum += weight * graph.distance(after[qubits[0]]!, after[qubits[1]!]!);
      weight *= FADING;
    }
    return sum;
  };
  const costs = options.map(cost);
  return options[costs.indexOf(Math.min(...costs))]!;
}

/** Steps from a label along allowed labels. */
function stepsWithin(from: number, graph: DeviceGraph, inside: ReadonlySet<number> | null): ReadonlyMap<number, number> {
  const found = new Map([[from, 0]]);
  const queue = [from];
  for (let head = 0; head < queue.length; head++) {
    for (const next of graph.neighbours(queue[head]!)) {
      if (found.has(next) || (inside !== null && !inside.has(next))) continue;
      found.set(next, found.get(queue[head]!)! + 1);
      queue.push(next);
    }
  }
  return found;
}

function exchange(places: number[], from: number, to: number): void {
  places.forEach((label, qubit) => {
    if (label === from) places[qubit] = to;
    else if (label === to) places[qubit] = from;
  });
}
