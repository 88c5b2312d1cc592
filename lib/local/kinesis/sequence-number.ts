/**
 * Sequence numbers hold, from the highest bits on: the second in which the shard was made, the number of the record in its
 * shard, the second in which it came, the shard. So they grow with the records of a shard and from a shard to its children.
 * https://github.com/mhart/kinesalite/blob/master/db/index.js (parseSequence, version 2)
 */
const MARK = 2n;
const BITS_BELOW_CREATION = 148n;
const BITS_BELOW_SHARD_DIGIT = 144n;
const BITS_BELOW_NUMBER = 80n;
const BITS_BELOW_ARRIVAL = 36n;
const BITS_BELOW_SHARD = 4n;
const SECOND_BITS = 36;
const NUMBER_BITS = 64;
const SHARD_BITS = 32;
const BITS_BELOW_MARK = 184n;
const VERSION = 2n;
/** Above every record: the end of a closed shard. */
const LAST_NUMBER = 0x7fff_ffff_ffff_ffffn;

/** What a sequence number says. */
export interface Position {
  /** Of the shard in its stream: 0, 1, ... */
  readonly shard: number;
  /** Epoch seconds in which the shard was made. */
  readonly created: number;
  /** Of the record in its shard, from 1 on; 0: the start of the shard. */
  readonly number: number;
}

/** @param second in which the record came, epoch seconds */
export function sequenceNumber({ shard, created, number }: Position, second: number): string {
  return compose({ shard, created, number: BigInt(number) }, second);
}

/** The number at which a shard begins: below all its records. */
export const startOfShard = (shard: { readonly index: number; readonly created: number }): string =>
  sequenceNumber({ shard: shard.index, created: shard.created, number: 0 }, shard.created);

/** The number at which a shard ends that was closed: above all its records, below those of its children. */
export const endOfShard = (shard: { readonly index: number; readonly created: number }, closedAtMs: number): string =>
  compose({ shard: shard.index, created: shard.created, number: LAST_NUMBER }, Math.floor(closedAtMs / 1_000));

/** Undefined when it is no sequence number. */
export function positionOf(text: string): Position | undefined {
  if (!/^\d{1,129}$/.test(text)) return undefined;
  const value = BigInt(text);
  const isOurs = value >> BITS_BELOW_MARK === MARK && BigInt.asUintN(Number(BITS_BELOW_SHARD), value) === VERSION;
  if (!isOurs) return undefined;
  return {
    created: bitsOf(value, BITS_BELOW_CREATION, SECOND_BITS),
    number: bitsOf(value, BITS_BELOW_NUMBER, NUMBER_BITS),
    shard: bitsOf(value, BITS_BELOW_SHARD, SHARD_BITS),
  };
}

/** The second in which a record came, epoch seconds. @param text a sequence number */
export const arrivalSecond = (text: string): number => bitsOf(BigInt(text), BITS_BELOW_ARRIVAL, SECOND_BITS);

const bitsOf = (value: bigint, below: bigint, bits: number): number => Number(BigInt.asUintN(bits, value >> below));

function compose(position: Omit<Position, 'number'> & { readonly number: bigint }, second: number): string {
  const shard = BigInt(position.shard);
  const value =
    (MARK << BITS_BELOW_MARK) |
    (BigInt(position.created) << BITS_BELOW_CREATION) |
    ((shard & 0xfn) << BITS_BELOW_SHARD_DIGIT) |
    (position.number << BITS_BELOW_NUMBER) |
    (BigInt(second) << BITS_BELOW_ARRIVAL) |
    (shard << BITS_BELOW_SHARD) |
    VERSION;
  return String(value);
}
