/**
 * The trained head without its circuit: everything between the backbone's hidden features and the prediction as one quadratic form,
 * as a value and as a file. Whoever has it scores compounds without a quantum computer or a simulator; that this is possible is the proof
 * that a head of this size has no quantum advantage (`head-table.ts`).
 *
 *   z = E u + e,   y = y_c + (c0, z)^T Q (c0, z) + b
 *
 * error   equal to the circuit to 1e-10 pK
 */
import { ArtifactInvalid } from '../contracts/errors.ts';
import { HeadFormHeader } from '../contracts/model.ts';
import type { TensorFile } from '../contracts/tensors.ts';
import { latentEncoding } from '../encoding/amplitude.ts';
import { type Matrix, matrix, row } from '../math/linalg.ts';
import { evaluateForm, latentForm } from './head-table.ts';
import { takeFloats, vectorTensor } from './model-file.ts';
import { type HeadShape, headViews, type LatentProjection, project, type QuantumHead } from './quantum-head.ts';

export interface HeadForm extends LatentProjection {
  /** Of the head that was exported. */
  shape: HeadShape;
  /** c0 */
  bias: number;
  /** Q [k + 1, k + 1], symmetric, pK; the weight s and r0^2 are inside. */
  form: Matrix;
  /** b, pK. */
  offsetPk: number;
}

/** cost  (k + 1)(k + 2) / 2 exact circuits */
export function exportHead(head: QuantumHead): HeadForm {
  const { shape } = head;
  const encoding = latentEncoding(shape.qubits, shape.latentSize);
  const { projection, shift, offset } = headViews(shape, head.flat);
  return {
    shape,
    bias: encoding.bias,
    projection: projection.slice(),
    shift: shift.slice(),
    form: latentForm(head, encoding),
    offsetPk: offset[0]!,
  };
}

/**
 * shapes  u [N, U], classical y_c [N], pK; result [N], pK
 * throws  RangeError where u has another number of features than the head
 */
export function formPredictions(head: HeadForm, u: Matrix, classical: Float64Array): Float64Array {
  const { features } = head.shape;
  if (u.columns !== features || u.rows !== classical.length) {
    throw new RangeError(`the head reads ${features} features of ${classical.length} compounds, found ${u.columns} of ${u.rows}`);
  }
  return classical.map((y, m) => y + evaluateForm(head.form, head.bias, project(head, row(u, m))) + head.offsetPk);
}

export function writeHeadForm({ shape, bias, projection, shift, form, offsetPk }: HeadForm): TensorFile<HeadFormHeader> {
  return {
    header: HeadFormHeader.parse({ schema: 'head-form/1', shape, bias, offsetPk }),
    tensors: {
      form: { shape: [form.rows, form.columns], data: form.values },
      projection: { shape: [shape.latentSize, shape.features], data: projection },
      shift: vectorTensor(shift),
    },
  };
}

/** read(write(form)) is exact; throws ArtifactInvalid that names the first thing out of place. */
export function readHeadForm({ header, tensors }: TensorFile<Record<string, unknown>>): HeadForm {
  const parsed = HeadFormHeader.safeParse(header);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw new ArtifactInvalid(`head-form/1: ${issue.path.join('.')}: ${issue.message}`);
  }
  const { shape, bias, offsetPk } = parsed.data;
  const { latentSize, features } = shape;
  const d = latentSize + 1;
  return {
    shape,
    bias,
    offsetPk,
    form: matrix(d, d, takeFloats(tensors, 'form', d * d)),
    projection: takeFloats(tensors, 'projection', latentSize * features),
    shift: takeFloats(tensors, 'shift', latentSize),
  };
}
