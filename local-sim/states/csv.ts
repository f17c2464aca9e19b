/** Comma-separated rows as RFC 4180 has them: quoted fields may hold delimiters, doubled quotes and line breaks. */

export class CsvError extends Error {}

/**
 * Rows of a text, one at a time. Lines end with LF, CRLF or CR; a leading byte-order mark and empty lines are skipped.
 * @throws CsvError for a quote that is never closed, or text between a closing quote and the next delimiter.
 */
export function* csvRows(text: string, delimiter: string): Generator<string[]> {
  let at = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  const { length } = text;
  const comma = delimiter.charCodeAt(0);
  const endsField = (code: number) => code === comma || code === 10 || code === 13;
  let line = 1;
  while (at < length) {
    const row: string[] = [];
    let quotedRow = false;
    for (;;) {
      let field: string;
      if (text.charCodeAt(at) === 34) {
        quotedRow = true;
        const opened = line;
        field = '';
        let from = at + 1;
        for (;;) {
          const quote = text.indexOf('"', from);
          if (quote < 0) throw new CsvError(`the quote opened on line ${opened} is never closed`);
          field += text.slice(from, quote);
          if (text.charCodeAt(quote + 1) !== 34) {
            at = quote + 1;
            break;
          }
          field += '"';
          from = quote + 2;
        }
        for (let i = field.indexOf('\n'); i >= 0; i = field.indexOf('\n', i + 1)) line++;
        if (at < length && !endsField(text.charCodeAt(at))) throw new CsvError(`text follows a closing quote on line ${line}`);
      } else {
        const start = at;
        while (at < length && !endsField(text.charCodeAt(at))) at++;
        field = text.slice(start, at);
      }
      row.push(field);
      if (at < length && text.charCodeAt(at) === comma) {
        at++;
        continue;
      }
      break;
    }
    if (at < length) {
      at += text.charCodeAt(at) === 13 && text.charCodeAt(at + 1) === 10 ? 2 : 1;
      line++;
    }
    if (row.length > 1 || row[0] !== '' || quotedRow) yield row;
  }
}

/** Each row as an object: missing values are empty, values beyond the headers are left out. */
export function* csvItems(
  text: string,
  delimiter: string,
  given: readonly string[] | undefined,
): Generator<Record<string, string>> {
  let headers = given;
  for (const row of csvRows(text, delimiter)) {
    if (!headers) {
      headers = row;
      const twice = row.find((name, i) => row.indexOf(name) !== i);
      if (twice !== undefined) throw new CsvError(`the header ${JSON.stringify(twice)} stands twice in the first row`);
      continue;
    }
    yield Object.fromEntries(headers.map((name, i) => [name, row[i] ?? '']));
  }
  if (!headers) throw new CsvError('the file is empty, but its first row should hold the headers');
}
