/**
 * The safetensors format: named arrays that any tool can read, and no code among them.
 *
 * layout   u64 header length N (little-endian) · N bytes of JSON in UTF-8, which may end in spaces · the arrays, end to end
 * header   { name: { dtype, shape, data_offsets: [begin, end] }, __metadata__?: { text: text } }, offsets from the end of the header
 * promise  row-major, little-endian, and no byte of the data outside an array
 * source   github.com/huggingface/safetensors, README, "Format"; its limit of 100 MB for the header is kept
 *
 * As that library does, the writer puts wider elements first and pads the header to 8, so that every array lies aligned in the file.
 */
const constructors = {
  F64: Float64Array,
  I64: BigInt64Array,
  U64: BigUint64Array,
  F32: Float32Array,
  I32: Int32Array,
  U32: Uint32Array,
  I16: Int16Array,
  U16: Uint16Array,
  I8: Int8Array,
  U8: Uint8Array,
} as const;
type Dtype = keyof typeof constructors;

export type SafetensorsArray =
  | Float64Array
  | BigInt64Array
  | BigUint64Array
  | Float32Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array;

export interface Safetensor {
  shape: readonly number[];
  data: SafetensorsArray;
}

export interface SafetensorsFile {
  /** Free text under free names. */
  metadata: Readonly<Record<string, string>>;
  tensors: Readonly<Record<string, Safetensor>>;
}

const METADATA = '__metadata__';
const MOST_HEADER_BYTES = 100_000_000;
const LENGTH_BYTES = 8;

const elements = (shape: readonly number[]) => shape.reduce((product, n) => product * n, 1);

function dtypeOf(name: string, data: SafetensorsArray): Dtype {
  for (const [dtype, arrayType] of Object.entries(constructors)) if (data instanceof arrayType) return dtype as Dtype;
  throw new RangeError(`tensor ${name}: an array of ${Object.keys(constructors).join(', ')} wanted`);
}

/**
 * Writes a file; equal contents give equal bytes, whatever the order of the names.
 *
 * throws  RangeError when a shape does not fit its data, for an array of another type, and for a tensor named `__metadata__`
 */
export function encodeSafetensors({ metadata, tensors }: SafetensorsFile): Uint8Array<ArrayBuffer> {
  const places = Object.entries(tensors).map(([name, { shape, data }]) => {
    if (name === METADATA) throw new RangeError(`tensor ${name}: this name belongs to the metadata`);
    if (elements(shape) !== data.length)
      throw new RangeError(`tensor ${name}: shape [${shape.join(', ')}] wants ${elements(shape)} values, found ${data.length}`);
    return { name, shape, data, dtype: dtypeOf(name, data) };
  });
  const byText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
  places.sort((a, b) => b.data.BYTES_PER_ELEMENT - a.data.BYTES_PER_ELEMENT || byText(a.name, b.name));
  const header: [string, unknown][] = [];
  const texts = Object.entries(metadata).sort(([a], [b]) => byText(a, b));
  if (texts.length > 0) header.push([METADATA, Object.fromEntries(texts)]);
  let end = 0;
  for (const { name, shape, data, dtype } of places) {
    header.push([name, { dtype, shape, data_offsets: [end, end + data.byteLength] }]);
    end += data.byteLength;
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const headerBytes = (json.length + 7) & ~7;
  const file = new Uint8Array(LENGTH_BYTES + headerBytes + end);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerBytes), true);
  file.fill(0x20, LENGTH_BYTES, LENGTH_BYTES + headerBytes);
  file.set(json, LENGTH_BYTES);
  let at = LENGTH_BYTES + headerBytes;
  for (const { data } of places) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return file;
}

interface Place {
  name: string;
  dtype: Dtype;
  shape: number[];
  begin: number;
  end: number;
}

/**
 * Reads a file; the arrays are copies.
 *
 * throws  RangeError that names the first thing out of place: a file cut short or too long, a header that is no JSON object, a tensor of a type
 *         that is not read here (F16, BF16, BOOL and the 8-bit floats among them), offsets that do not fit shape or file, overlap or leave a gap
 */
export function decodeSafetensors(bytes: Uint8Array): SafetensorsFile {
  const { header, dataStart } = readHeader(bytes);
  const { [METADATA]: metadata = {}, ...entries } = header;
  if (!isObject(metadata) || Object.values(metadata).some((text) => typeof text !== 'string'))
    throw new RangeError(`safetensors: ${METADATA} wanted as an object of texts`);
  const places = Object.entries(entries).map(([name, entry]) => readPlace(name, entry));
  checkCover(places, bytes.length - dataStart);
  const tensors = places.map(({ name, dtype, shape, begin, end }): [string, Safetensor] => {
    // A copy, because the place may not be aligned to the element size; a Buffer's own slice would share memory.
    const { buffer } = Uint8Array.prototype.slice.call(bytes, dataStart + begin, dataStart + end);
    return [name, { shape, data: new constructors[dtype](buffer) }];
  });
  // fromEntries makes fields of names such as __proto__, which an assignment would not.
  return { metadata: metadata as Record<string, string>, tensors: Object.fromEntries(tensors) };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function readHeader(bytes: Uint8Array): { header: Record<string, unknown>; dataStart: number } {
  if (bytes.length < LENGTH_BYTES) throw new RangeError(`safetensors: cut short: ${bytes.length} bytes, 8 wanted for the length`);
  const headerBytes = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(0, true);
  if (headerBytes > MOST_HEADER_BYTES)
    throw new RangeError(`safetensors: a header of at most ${MOST_HEADER_BYTES} bytes wanted, ${headerBytes} announced`);
  const dataStart = LENGTH_BYTES + Number(headerBytes);
  if (dataStart > bytes.length)
    throw new RangeError(`safetensors: cut short: a header of ${headerBytes} bytes in a file of ${bytes.length}`);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(LENGTH_BYTES, dataStart)));
  } catch {
    throw new RangeError('safetensors: a header of JSON in UTF-8 wanted');
  }
  if (!isObject(header)) throw new RangeError('safetensors: a JSON object wanted as header');
  return { header, dataStart };
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function readPlace(name: string, entry: unknown): Place {
  if (!isObject(entry)) throw new RangeError(`tensor ${name}: dtype, shape and data_offsets wanted`);
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== 'string' || !Object.hasOwn(constructors, dtype))
    throw new RangeError(
      `tensor ${name}: one of ${Object.keys(constructors).join(', ')} wanted as dtype, found ${String(dtype).slice(0, 20)}`,
    );
  if (!Array.isArray(shape) || !shape.every(isCount) || !isCount(elements(shape)))
    throw new RangeError(`tensor ${name}: a shape of whole numbers wanted`);
  const [begin, end]: unknown[] = Array.isArray(offsets) && offsets.length === 2 ? offsets : [];
  if (!isCount(begin) || !isCount(end) || begin > end)
    throw new RangeError(`tensor ${name}: data_offsets [begin, end] with begin at most end wanted`);
  const wanted = elements(shape) * constructors[dtype as Dtype].BYTES_PER_ELEMENT;
  if (end - begin !== wanted)
    throw new RangeError(`tensor ${name}: ${dtype} [${shape.join(', ')}] wants ${wanted} bytes, offsets give ${end - begin}`);
  return { name, dtype: dtype as Dtype, shape, begin, end };
}

/** Every byte of the data lies in one array, and no byte in two. */
function checkCover(places: readonly Place[], dataBytes: number): void {
  let covered = 0;
  for (const { name, begin, end } of [...places].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin < covered)
      throw new RangeError(`tensor ${name}: begins at byte ${begin}, inside the tensor that ends at ${covered}`);
    if (begin > covered) throw new RangeError(`tensor ${name}: begins at byte ${begin}, ${covered} wanted: bytes of no tensor`);
    if (end > dataBytes) throw new RangeError(`tensor ${name}: ends at byte ${end} of ${dataBytes}`);
    covered = end;
  }
  if (covered !== dataBytes) throw new RangeError(`safetensors: tensors end at byte ${covered} of ${dataBytes}`);
}
