/** What an operator decided and the server has not confirmed yet. Lives in IndexedDB so that a reload, a closed tab or a
 * dead battery loses nothing. `id` is the row's own primary key: sending it again is a no-op in the database. */
export interface PendingDisposition {
  id: string;
  /** `user:tenant`; a record is only ever sent in the name of the person and tenant that made it. */
  owner: string;
  tenantId: string;
  clientId: string;
  clientName: string;
  type: string;
  notes: string;
  scheduledCallback: string | null;
  /** The number somebody else answered. */
  phone?: string;
  madeAt: string;
  /** Counted before each try: one whose tab died while it asked may have arrived. */
  attempts: number;
  /** Epoch ms at which the last try to save it began. */
  triedAt?: number;
  /** Epoch ms before which it is not tried again. */
  nextAttemptAt: number;
  /** Machine code of the refusal; a refused record waits for the operator, not for the network. */
  refusedBy: string | null;
  /** Taken back after a try whose outcome nobody knows: the next try undoes it instead of sending it. */
  isUndone?: true;
}

const databaseName = "cobranca";
const storeName = "pending_dispositions";
const schemaVersion = 1;

let opened: Promise<IDBDatabase> | undefined;

function database(): Promise<IDBDatabase> {
  opened ??= new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open(databaseName, schemaVersion);
    request.onupgradeneeded = () => {
      request.result.createObjectStore(storeName, { keyPath: "id" }).createIndex("owner", "owner");
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("indexedDB"));
  });
  return opened;
}

async function run<Result>(
  mode: IDBTransactionMode,
  work: (store: IDBObjectStore) => IDBRequest<Result>,
): Promise<Result> {
  const transaction = (await database()).transaction(storeName, mode, { durability: "strict" });
  const request = work(transaction.objectStore(storeName));
  return new Promise<Result>((resolve, reject) => {
    transaction.oncomplete = () => resolve(request.result);
    transaction.onabort = () => reject(transaction.error ?? new Error("indexedDB transaction aborted"));
  });
}

export async function putPending(record: PendingDisposition): Promise<void> {
  await run("readwrite", (store) => store.put(record));
}

export async function getPending(id: string): Promise<PendingDisposition | undefined> {
  return run("readonly", (store) => store.get(id) as IDBRequest<PendingDisposition | undefined>);
}

export async function deletePending(id: string): Promise<void> {
  await run("readwrite", (store) => store.delete(id));
}

/** Oldest first. */
export async function listPending(owner: string): Promise<PendingDisposition[]> {
  const records = await run(
    "readonly",
    (store) => store.index("owner").getAll(owner) as IDBRequest<PendingDisposition[]>,
  );
  return records.sort((a, b) => a.madeAt.localeCompare(b.madeAt));
}
