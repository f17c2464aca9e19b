/** Square lattices as connectivity graphs: how superconducting qubits are wired. */

export interface Lattice {
  /** For each row: column of its first qubit, and number of qubits. */
  rows: readonly (readonly [firstColumn: number, length: number])[];
  firstLabel: number;
}

/** Neighbours on a square lattice whose rows may be shifted and of different length. */
export function latticeGraph({ rows, firstLabel }: Lattice): Record<string, string[]> {
  const labels = new Map<string, number>();
  let label = firstLabel;
  rows.forEach(([firstColumn, length], row) => {
    for (let column = firstColumn; column < firstColumn + length; column++) labels.set(`${row},${column}`, label++);
  });
  const graph: Record<string, string[]> = {};
  for (const [place, own] of labels) {
    const [row, column] = place.split(',').map(Number) as [number, number];
    const around = [`${row - 1},${column}`, `${row},${column - 1}`, `${row},${column + 1}`, `${row + 1},${column}`];
    graph[own] = around.flatMap((neighbour) => (labels.has(neighbour) ? [String(labels.get(neighbour))] : []));
  }
  return graph;
}

export function grid(rowCount: number, columnCount: number, firstLabel: number): Lattice {
  return { rows: Array.from({ length: rowCount }, () => [0, columnCount] as const), firstLabel };
}

/**
 * IQM's lattices. 20 qubits: Garnet. 54 qubits: rows as IQM publishes them for its 54-qubit chips.
 * source  IQM, architectures Apollo and Aphrodite of Cirq on IQM
 */
export const IQM_20: Lattice = {
  rows: [
    [1, 2],
    [0, 5],
    [0, 5],
    [0, 5],
    [1, 3],
  ],
  firstLabel: 1,
};

export const IQM_54: Lattice = {
  rows: [
    [4, 2],
    [2, 5],
    [1, 7],
    [0, 8],
    [0, 9],
    [1, 8],
    [1, 7],
    [2, 5],
    [3, 3],
  ],
  firstLabel: 1,
};
