import { documents } from '../../state/documents.ts';
import type { State } from '../../state/state.ts';
import type { S3Store } from '../messages/fauxqs-types.ts';

/** What fauxqs tells of its buckets, and asks for: while there is one, it keeps no bodies in memory. */
type BucketPersistence = Omit<
  NonNullable<S3Store['persistence']>,
  'deleteAllObjects' | 'deleteAllMultipartUploads' | 'loadS3' | 'purgeAll' | 'close'
>;
type BucketType = NonNullable<ReturnType<S3Store['getBucketType']>>;
type S3Object = ReturnType<S3Store['putObject']>;
type Upload = Parameters<S3Store['restoreMultipartUpload']>[0];
type Part = Parameters<BucketPersistence['upsertMultipartPart']>[1];

interface BucketDocument {
  readonly created: string;
  readonly type: BucketType;
  readonly lifecycle?: string;
}
/** Times as text, bodies elsewhere. */
type ObjectDocument = Omit<S3Object, 'body' | 'lastModified'> & { readonly lastModified: string };
type UploadDocument = Omit<Upload, 'parts' | 'initiated'> & { readonly initiated: string };
type PartDocument = Omit<Part, 'body' | 'lastModified'> & { readonly lastModified: string };

/** Brings back the buckets, objects and unfinished uploads of a state, and keeps every change from then on. */
export function keepBuckets(store: S3Store, state: State): void {
  const stores = {
    buckets: documents<BucketDocument>(state, 's3-buckets'),
    objects: documents<ObjectDocument>(state, 's3-objects'),
    bodies: state.store('s3-bodies'),
    uploads: documents<UploadDocument>(state, 's3-uploads'),
    parts: documents<PartDocument>(state, 's3-parts'),
    partBodies: state.store('s3-part-bodies'),
  };
  load(store, stores);
  const persistence: BucketPersistence = persistenceOf(stores);
  store.persistence = persistence as NonNullable<S3Store['persistence']>;
}

interface Stores {
  readonly buckets: ReturnType<typeof documents<BucketDocument>>;
  readonly objects: ReturnType<typeof documents<ObjectDocument>>;
  readonly bodies: ReturnType<State['store']>;
  readonly uploads: ReturnType<typeof documents<UploadDocument>>;
  readonly parts: ReturnType<typeof documents<PartDocument>>;
  readonly partBodies: ReturnType<State['store']>;
}

function persistenceOf({ buckets, objects, bodies, uploads, parts, partBodies }: Stores): BucketPersistence {
  const setLifecycle = (name: string, lifecycle: string | undefined) => {
    const bucket = buckets.get(name);
    if (bucket === undefined) return;
    const { lifecycle: _before, ...rest } = bucket;
    buckets.put(name, { ...rest, ...(lifecycle === undefined ? {} : { lifecycle }) });
  };
  const place = (bucket: string, key: string) => `${bucket}/${key}`;
  const putObject = (bucket: string, { body, lastModified, ...rest }: S3Object) => {
    objects.put(place(bucket, rest.key), { ...rest, lastModified: lastModified.toISOString() });
    bodies.put(place(bucket, rest.key), body);
  };
  const deleteObject = (bucket: string, key: string) => {
    objects.delete(place(bucket, key));
    bodies.delete(place(bucket, key));
  };
  const deleteObjects = (bucket: string) => {
    objects.deleteBelow(`${bucket}/`);
    bodies.deleteBelow(`${bucket}/`);
  };
  const deleteUpload = (uploadId: string) => {
    uploads.delete(uploadId);
    parts.deleteBelow(`${uploadId}/`);
    partBodies.deleteBelow(`${uploadId}/`);
  };
  return {
    insertBucket: (name, created, type) => buckets.put(name, { created: created.toISOString(), type }),
    deleteBucket(name) {
      buckets.delete(name);
      deleteObjects(name);
    },
    saveBucketLifecycleConfiguration: (name, lifecycle) => setLifecycle(name, lifecycle),
    deleteBucketLifecycleConfiguration: (name) => setLifecycle(name, undefined),
    upsertObject: putObject,
    deleteObject,
    deleteObjectsByBucket: deleteObjects,
    renameObject(bucket, from, to) {
      const [object, body] = [objects.get(place(bucket, from)), bodies.get(place(bucket, from))];
      if (object === undefined || body === undefined) return;
      deleteObject(bucket, from);
      objects.put(place(bucket, to), { ...object, key: to });
      bodies.put(place(bucket, to), body);
    },
    readBody(bucket, key) {
      const body = bodies.get(place(bucket, key));
      if (body === undefined) throw new Error(`the body of ${place(bucket, key)} is missing in the state`);
      return Buffer.from(body);
    },
    insertMultipartUpload: ({ parts: _none, initiated, ...rest }) =>
      uploads.put(rest.uploadId, { ...rest, initiated: initiated.toISOString() }),
    upsertMultipartPart(uploadId, { body, lastModified, ...rest }) {
      const key = `${uploadId}/${rest.partNumber}`;
      parts.put(key, { ...rest, lastModified: lastModified.toISOString() });
      partBodies.put(key, body);
    },
    deleteMultipartUpload: deleteUpload,
    completeMultipartUpload(uploadId, bucket, object) {
      putObject(bucket, object);
      deleteUpload(uploadId);
    },
  };
}

function load(store: S3Store, { buckets, objects, uploads, parts, partBodies }: Stores): void {
  for (const [name, { type, created, lifecycle }] of buckets.entries()) {
    store.createBucket(name, type);
    store.setBucketCreationDate(name, new Date(created));
    if (lifecycle !== undefined) store.restoreBucketLifecycleConfiguration(name, lifecycle);
  }
  for (const [place, object] of objects.entries()) {
    const lastModified = new Date(object.lastModified);
    store.restoreObject(place.slice(0, place.indexOf('/')), { ...object, lastModified, body: Buffer.alloc(0) });
  }
  const unfinished = new Map<string, Upload>();
  for (const [id, upload] of uploads.entries()) {
    unfinished.set(id, { ...upload, initiated: new Date(upload.initiated), parts: new Map() });
  }
  for (const [key, part] of parts.entries()) {
    const body = Buffer.from(partBodies.get(key) ?? '');
    const lastModified = new Date(part.lastModified);
    unfinished.get(key.slice(0, key.indexOf('/')))?.parts.set(part.partNumber, { ...part, lastModified, body });
  }
  for (const upload of unfinished.values()) store.restoreMultipartUpload(upload);
}
