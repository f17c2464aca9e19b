/**
 * The binary artifact: a JSON header and named typed arrays in one piece of bytes.
 *
 * layout   "QEFMT1\0\0" · u32 header length (little-endian) · u32 zero · header JSON in UTF-8 padded with spaces to 8 · arrays, each padded to 8
 * header   { schema, ...facts, tensors: [{ name, type, shape, byteOffset }] }, offsets from the end of the header
 */
export type TensorArray = Float64Array | Float32Array | Int32Array | Uint32Array | Uint8Array;

export interface Tensor {
  shape: readonly number[];
  data: TensorArray;
}

export interface TensorFile<H> {
  header: H;
  tensors: Record<string, Tensor>;
}

const MAGIC = 'QEFMT1\0\0';
const PREAMBLE_BYTES = 16;
const constructors = {
  f64: Float64Array,
  f32: Float32Array,
  i32: Int32Array,
  u32: Uint32Array,
  u8: Uint8Array,
} as const;
type TypeName = keyof typeof constructors;

interface Entry {
  name: string;
  type: TypeName;
  shape: readonly number[];
  byteOffset: number;
}

const padTo8 = (bytes: number) => (bytes + 7) & ~7;
const elements = (shape: readonly number[]) => shape.reduce((product, n) => product * n, 1);

function typeName(data: TensorArray): TypeName {
  for (const [name, arrayType] of Object.entries(constructors)) if (data instanceof arrayType) return name as TypeName;
  throw new TypeError('a tensor must be f64, f32, i32, u32 or u8');
}

/** Writes header facts and tensors; throws RangeError when a shape does not fit its data. */
export function encodeTensors(header: object, tensors: Record<string, Tensor>): Uint8Array {
  const entries: Entry[] = [];
  let dataBytes = 0;
  for (const [name, { shape, data }] of Object.entries(tensors)) {
    if (elements(shape) !== data.length) {
      throw new RangeError(`tensor ${name}: shape [${shape.join(', ')}] wants ${elements(shape)} values, found ${data.length}`);
    }
    entries.push({ name, type: typeName(data), shape, byteOffset: dataBytes });
    dataBytes += padTo8(data.byteLength);
  }
  const json = new TextEncoder().encode(JSON.stringify({ ...header, tensors: entries }));
  const headerBytes = padTo8(json.length);
  const file = new Uint8Array(PREAMBLE_BYTES + headerBytes + dataBytes);
  file.set(new TextEncoder().encode(MAGIC), 0);
  new DataView(file.buffer).setUint32(8, headerBytes, true);
  file.fill(0x20, PREAMBLE_BYTES, PREAMBLE_BYTES + headerBytes);
  file.set(json, PREAMBLE_BYTES);
  for (const entry of entries) {
    const { data } = tensors[entry.name]!;
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), PREAMBLE_BYTES + headerBytes + entry.byteOffset);
  }
  return file;
}

/** Reads what `encodeTensors` wrote; throws RangeError that names the first thing out of place. */
export function decodeTensors(bytes: Uint8Array): TensorFile<Record<string, unknown>> {
  const magic = new TextDecoder().decode(bytes.subarray(0, 8));
  if (magic !== MAGIC) throw new RangeError('not a tensor file: the first eight bytes differ');
  const headerBytes = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(8, true);
  const dataStart = PREAMBLE_BYTES + headerBytes;
  if (dataStart > bytes.length) throw new RangeError(`tensor file cut short: header of ${headerBytes} bytes in ${bytes.length}`);
  const { tensors: entries, ...header } = JSON.parse(new TextDecoder().decode(bytes.subarray(PREAMBLE_BYTES, dataStart))) as {
    tensors: Entry[];
  };
  const tensors: Record<string, Tensor> = {};
  for (const { name, type, shape, byteOffset } of entries) {
    const arrayType = constructors[type];
    if (arrayType === undefined) throw new RangeError(`tensor ${name}: unknown type ${type}`);
    const byteLength = elements(shape) * arrayType.BYTES_PER_ELEMENT;
    const start = dataStart + byteOffset;
    if (!(byteLength >= 0) || start + byteLength > bytes.length) {
      throw new RangeError(`tensor ${name}: wants bytes ${start} to ${start + byteLength}, the file has ${bytes.length}`);
    }
    // A copy, because the place may not be aligned to the element size; a Buffer's own slice would share memory.
    tensors[name] = { shape, data: new arrayType(Uint8Array.prototype.slice.call(bytes, start, start + byteLength).buffer) };
  }
  return { header, tensors };
}
