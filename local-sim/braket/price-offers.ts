/**
 * The public price list as the cost tracker of the Braket SDK reads it: the CSV of the AWS price list, five lines of remarks first.
 * Its address goes into the SDK by BRAKET_PRICE_OFFERS_URL. Rates are those of the devices' table.
 */
import { type BraketDevice, deviceRegion } from './devices.ts';

/** Unsigned, as the real one is. */
export const PRICE_OFFERS_PATH = '/offers/v1.0/aws/AmazonBraket/current/index.csv';

const SIMULATOR_REGIONS = ['us-east-1', 'us-west-1', 'us-west-2', 'eu-west-2'];
const COLUMNS = [
  'SKU',
  'TermType',
  'PriceDescription',
  'EffectiveDate',
  'Unit',
  'PricePerUnit',
  'Currency',
  'Product Family',
  'serviceCode',
  'Region Code',
  'DeviceName',
  'Device Name',
  'Version',
  'operation',
] as const;

type Row = Partial<Record<(typeof COLUMNS)[number], string>>;

export function priceOffersCsv(devices: readonly BraketDevice[]): string {
  const newest =
    devices
      .map(({ price }) => price.dateIso)
      .sort()
      .at(-1) ?? '';
  const remarks = [
    ['FormatVersion', 'v1.0'],
    ['Disclaimer', 'Rates of the local cloud, with the confidence that its table of devices states.'],
    ['Publication Date', newest],
    ['Version', newest],
    ['OfferCode', 'AmazonBraket'],
  ];
  const rows = devices
    .filter(({ status }) => status !== 'RETIRED')
    .flatMap((device) => (device.type === 'QPU' ? qpuRows(device) : simulatorRows(device)))
    .map(
      (row, index): Row => ({ SKU: `LOCAL${index}`, TermType: 'OnDemand', Currency: 'USD', serviceCode: 'AmazonBraket', ...row }),
    );
  const lines = [...remarks, [...COLUMNS], ...rows.map((row) => COLUMNS.map((column) => row[column] ?? ''))];
  return `${lines.map((cells) => cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(',')).join('\r\n')}\r\n`;
}

const usd = (microUsd: number) => (microUsd / 1e6).toFixed(10);

function qpuRows({ arn, price }: BraketDevice): Row[] {
  const name = arn.split('/').at(-1)!.replace('Ibex', 'IBEX');
  const common: Row = { DeviceName: name, 'Region Code': deviceRegion(arn), EffectiveDate: price.dateIso };
  return [
    { ...common, 'Product Family': 'Quantum Task', Unit: 'Tasks', PricePerUnit: usd(price.perTaskMicroUsd) },
    { ...common, 'Product Family': 'Quantum Task-Shot', Unit: 'Shots', PricePerUnit: usd(price.perShotMicroUsd) },
  ];
}

function simulatorRows({ name, price }: BraketDevice): Row[] {
  return SIMULATOR_REGIONS.map((region) => ({
    'Product Family': 'Simulator Task',
    operation: 'CompleteTask',
    Version: name,
    'Region Code': region,
    EffectiveDate: price.dateIso,
    Unit: 'minutes',
    PricePerUnit: usd(price.perMinuteMicroUsd),
  }));
}
