#!/usr/bin/env bash
# kinesis-local 0.6.2 (the Kinesis that LocalStack uses): a closed shard ends at sequence number 9223372036854775807, which is smaller than
# the number it begins at, so that no reader that compares the two can tell it is at the end; and ListShards ends with NextToken: null, where AWS
# leaves the member out: a pager that goes on until the token is undefined asks once more, and is refused.
# https://docs.aws.amazon.com/kinesis/latest/APIReference/API_SequenceNumberRange.html
# Seen: "token at the end: null", "closed shard ends at 9223372036854775807, before it begins: true".
set -euo pipefail

folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2> /dev/null; rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes > /dev/null
npm install --save-exact --no-audit --no-fund --loglevel=error kinesis-local@0.6.2 node@24.21.0 > /dev/null
port=$(node -e 'const s = require("net").createServer().listen(0, () => { console.log(s.address().port); s.close(); })')
certificate=$(find node_modules/kinesis-local -name server.json | head -n 1)
KINESIS_MOCK_PLAIN_PORT=$port KINESIS_MOCK_TLS_PORT=$((port + 1)) KINESIS_MOCK_CERT_PATH=$certificate LOG_LEVEL=ERROR \
  node_modules/.bin/node "$(node -p 'require.resolve("kinesis-local")')" > server.log 2>&1 &
server=$!
cat > run.mjs <<'JS'
const call = async (operation, input) => {
  const response = await fetch(`http://127.0.0.1:${process.argv[2]}/`, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `Kinesis_20131202.${operation}`,
      'x-amz-date': '20260101T000000Z',
      authorization:
        'AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/kinesis/aws4_request, SignedHeaders=host, Signature=0',
    },
    body: JSON.stringify(input),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return text === '' ? {} : JSON.parse(text);
};
const patiently = async (work) => {
  for (const end = Date.now() + 30_000; ; await new Promise((resolve) => setTimeout(resolve, 100))) {
    try {
      return await work();
    } catch (error) {
      if (Date.now() > end) throw error;
    }
  }
};
const StreamName = 'log';
await patiently(() => call('CreateStream', { StreamName, ShardCount: 1 }));
const shards = () => call('ListShards', { StreamName });
const split = { StreamName, ShardToSplit: 'shardId-000000000000', NewStartingHashKey: '170141183460469231731687303715884105728' };
await patiently(() => call('SplitShard', split));
const { Shards, NextToken } = await patiently(async () => {
  const answer = await shards();
  if (answer.Shards.length < 3) throw new Error('not split yet');
  return answer;
});
const { StartingSequenceNumber, EndingSequenceNumber } = Shards[0].SequenceNumberRange;
console.log(`token at the end: ${NextToken === undefined ? 'none' : NextToken}`);
console.log(
  `closed shard ends at ${EndingSequenceNumber}, before it begins: ${BigInt(EndingSequenceNumber) < BigInt(StartingSequenceNumber)}`,
);
JS
printed=$(node_modules/.bin/node run.mjs "$port")
echo "$printed"
expected=$'token at the end: null\nclosed shard ends at 9223372036854775807, before it begins: true'
[ "$printed" = "$expected" ] || { echo "it behaves differently now" >&2; exit 1; }
