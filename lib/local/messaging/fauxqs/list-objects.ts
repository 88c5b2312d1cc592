import type { S3Store } from '../messages/fauxqs-types.ts';

type ListObjects = S3Store['listObjects'];
type Listed = ReturnType<ListObjects>;

/**
 * Lists objects in the order of their keys' UTF-8 bytes, each once over all pages. fauxqs sorts them as words of a language are sorted and goes on behind the
 * last by bytes: where the two orders differ, pages repeat keys and leave others out.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/ListingKeysUsingAPIs.html
 */
export function listInByteOrder(store: S3Store): void {
  const all = store.listObjects.bind(store);
  store.listObjects = (bucket, options = {}) => {
    const { prefix = '', delimiter, maxKeys = 1_000 } = options;
    const after = options.startAfter ?? options.marker ?? '';
    const { objects } = all(bucket, { prefix, maxKeys: Number.POSITIVE_INFINITY });
    const entries = new Map<string, Listed['objects'][number] | undefined>();
    for (const object of objects.toSorted((a, b) => byBytes(a.key, b.key))) {
      const end = delimiter ? object.key.indexOf(delimiter, prefix.length) : -1;
      const name = end < 0 ? object.key : object.key.slice(0, end + (delimiter?.length ?? 0));
      if (after === '' || byBytes(name, after) > 0) entries.set(name, end < 0 ? object : undefined);
    }
    const page = [...entries].slice(0, maxKeys);
    const isTruncated = page.length < entries.size;
    // The token of the next page is the last object, where there is one: what the page shows behind it would come again.
    const last = page.findLastIndex(([, object]) => object !== undefined);
    const shown = isTruncated && last >= 0 ? page.slice(0, last + 1) : page;
    return {
      objects: shown.flatMap(([, object]) => (object === undefined ? [] : [object])),
      commonPrefixes: shown.flatMap(([name, object]) => (object === undefined ? [name] : [])),
      isTruncated,
    };
  };
}

const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
