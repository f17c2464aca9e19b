/** What the application asks of the package most: training samples, the parser, and a noisy program set as a QPU would run it. */
import {
  amplitudeEncoding,
  compileModel,
  composeCircuits,
  emitOpenQasm,
  encodingAngles,
  hardwareEfficientAnsatz,
  parseOpenQasm,
  runAction,
  seeded,
  zAndNeighbourZz,
} from '../../../quantum/index.ts';

interface Figure {
  readonly name: string;
  readonly goalMs: number;
  readonly call: () => unknown;
}

const random = seeded('bench', 'quantum');

function valueAndVjp(qubits: number, goalMs: number): Figure {
  const circuit = hardwareEfficientAnsatz({ qubits, layers: 4 });
  const strings = zAndNeighbourZz(qubits);
  const model = compileModel(circuit, strings);
  model.setTheta(random.fillNormal(new Float64Array(circuit.parameters.length)));
  const psi = random.fillNormal(new Float64Array(2 ** qubits));
  const means = new Float64Array(strings.length);
  const [gradTheta, gradPsi] = [new Float64Array(circuit.parameters.length), new Float64Array(psi.length)];
  const call = (): void => {
    model.expectations(psi, means);
    model.vjp(means, gradTheta, gradPsi);
  };
  return { name: `value-and-vjp/${qubits}`, goalMs, call };
}

export function applicationFigures(): Figure[] {
  const program = composeCircuits(amplitudeEncoding(6), hardwareEfficientAnsatz({ qubits: 6, layers: 4 }));
  const source = emitOpenQasm(program, { measureAll: true });
  const rows = Array.from({ length: 20 }, () => [
    ...encodingAngles(random.fillNormal(new Float64Array(64))),
    ...random.fillNormal(new Float64Array(54)),
  ]);
  const inputs = Object.fromEntries(program.parameters.map((name, i) => [name, rows.map((row) => row[i]!)]));
  const action = {
    braketSchemaHeader: { name: 'braket.ir.openqasm.program_set', version: '1' },
    programs: [{ braketSchemaHeader: { name: 'braket.ir.openqasm.program', version: '1' }, source, inputs }],
  };
  const options = {
    device: 'qpu',
    shots: 20_000,
    seed: 1,
    taskId: 'bench',
    deviceArn: 'bench',
    createdAt: '',
    endedAt: '',
    noise: { oneQubit: 0.001, twoQubit: 0.01, readout: 0.01 },
  } as const;
  return [
    valueAndVjp(6, 0.1),
    valueAndVjp(8, 0.4),
    { name: 'parse-encoded-sample/6', goalMs: 10, call: () => parseOpenQasm(source) },
    { name: 'noisy-program-set-of-20/6', goalMs: 400, call: () => runAction(action, options) },
  ];
}
