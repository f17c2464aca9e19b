/** Archives against Python's tarfile, in both directions, and those that must be refused. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ArchiveRefused, pack, unpack } from '../../local-sim/tar.ts';

const LIMITS = { bytes: 1_000_000, entries: 100 };
const LONG = `${'deep/'.repeat(30)}${'name'.repeat(20)}.txt`;
let scratch: string;
let archive: string;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'tar-'));
  archive = join(scratch, 'a.tar.gz');
  for (const folder of ['from', 'into']) mkdirSync(join(scratch, folder));
});
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

/** Runs Python in the scratch folder. */
const python = (script: string) =>
  execFileSync('python3', ['-c', `import io, os, tarfile\n${script}`], { cwd: scratch, encoding: 'utf8' });
const write = (name: string, body: string) => {
  mkdirSync(join(scratch, 'from', name, '..'), { recursive: true });
  writeFileSync(join(scratch, 'from', name), body);
};
const read = (name: string) => readFileSync(join(scratch, 'into', name), 'utf8');
const refusal = (limits = LIMITS) => unpack(archive, join(scratch, 'into'), limits).catch((error: unknown) => error);

const FORMATS = ['PAX_FORMAT', 'GNU_FORMAT', 'USTAR_FORMAT'];
const HOSTILE = [
  ['a path upwards', 'REGTYPE', 'a/../../out', /"a\/\.\.\/\.\.\/out" leads out of the folder/],
  ['an absolute path', 'REGTYPE', '/tmp/out', /leads out of the folder/],
  ['a symbolic link', 'SYMTYPE', 's', /is a link or a device/],
  ['a hard link', 'LNKTYPE', 'h', /is a link or a device/],
  ['a device', 'CHRTYPE', 'd', /is a link or a device/],
] as const;

describe('unpack', () => {
  test('reads every format that tarfile writes', async () => {
    write('module/main.py', 'print(1)\n');
    write('module/größe.txt', 'ü');
    write('empty', '');
    write(`${'deep/'.repeat(20)}name.txt`, 'x'.repeat(70_000));
    python(
      `for f in ${JSON.stringify(FORMATS)}:\n  with tarfile.open(f, "w:gz", format=getattr(tarfile, f)) as t: t.add("from", arcname=".")`,
    );
    for (const format of FORMATS) {
      rmSync(join(scratch, 'into'), { recursive: true });
      mkdirSync(join(scratch, 'into'));
      await unpack(join(scratch, format), join(scratch, 'into'), LIMITS);
      expect(read('module/main.py')).toBe('print(1)\n');
      expect(read('module/größe.txt')).toBe('ü');
      expect(read('empty')).toBe('');
      expect(read(`${'deep/'.repeat(20)}name.txt`)).toBe('x'.repeat(70_000));
    }
  });

  test('refuses paths out of the folder, links and devices', async () => {
    python(
      [
        `for what, kind, name in ${JSON.stringify(HOSTILE.map(([what, kind, name]) => [what, kind, name]))}:`,
        '  t = tarfile.open(what, "w:gz")',
        '  i = tarfile.TarInfo(name); i.type = getattr(tarfile, kind); i.linkname = "/etc/passwd"; i.size = int(kind == "REGTYPE")',
        '  t.addfile(i, io.BytesIO(b"x")); t.close()',
      ].join('\n'),
    );
    for (const [what, , , message] of HOSTILE) {
      archive = join(scratch, what);
      const error = await refusal();
      expect(error, what).toBeInstanceOf(ArchiveRefused);
      expect((error as Error).message).toMatch(message);
    }
    expect(existsSync(join(scratch, 'out'))).toBe(false);
    expect(readdirSync(join(scratch, 'into'))).toEqual([]);
  });

  test('refuses more bytes or entries than the limits, and what is no archive or only half of one', async () => {
    write('big', 'x'.repeat(5_000));
    write('two', '');
    python('with tarfile.open("a.tar.gz", "w:gz") as t: t.add("from", arcname=".")');
    expect(await refusal({ ...LIMITS, bytes: 4_999 })).toMatchObject({ message: 'more than 4999 bytes unpacked' });
    expect(await refusal({ ...LIMITS, entries: 2 })).toMatchObject({ message: 'more than 2 entries' });
    writeFileSync(archive, readFileSync(archive).subarray(0, 60));
    expect(await refusal()).toBeInstanceOf(ArchiveRefused);
    writeFileSync(archive, 'plain text');
    expect(await refusal()).toBeInstanceOf(ArchiveRefused);
    writeFileSync(archive, gzipSync('plain text in gzip'));
    expect(await refusal()).toBeInstanceOf(ArchiveRefused);
  });
});

describe('pack', () => {
  test('writes what tarfile reads, and says what it left out', async () => {
    write('results.json', '{}');
    write(LONG, 'long');
    write('größe/a', 'x'.repeat(1_500));
    symlinkSync('/etc/passwd', join(scratch, 'from', 'link'));
    expect(await pack(join(scratch, 'from'), archive)).toEqual(['link']);
    const names = python('for m in tarfile.open("a.tar.gz"): m.isfile() and print(m.name, m.size)').trim().split('\n');
    expect(names.sort()).toEqual([`${LONG} 4`, 'größe/a 1500', 'results.json 2'].sort());
    await unpack(archive, join(scratch, 'into'), LIMITS);
    expect(read('größe/a')).toBe('x'.repeat(1_500));
  });
});
