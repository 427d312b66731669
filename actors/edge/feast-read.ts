/**
 * `POST /get-online-features` as Feast defines it: what is asked, of which views and under which keys. Feature services
 * are models: one named `fraud` stands for the features that model `fraud` is fed.
 */
import { FEATURES_PER_VIEW_MAX, type View } from '../../cluster/catalog/views.ts';
import { ServingError } from '../../proto/errors.ts';
import { ENTITY_KEY_BYTES_MAX, quoteShort } from '../../proto/names.ts';
import type { Gateway } from '../router/gateway-port.ts';
import { FeastBodyFault, FeastRefusal, feastInvalid } from './feast-errors.ts';
import { describeJson, isJsonObject, type JsonObject } from './json-text.ts';
import { FEATURE_CELLS_MAX, FEATURE_ROWS_MAX } from './limits.ts';

export type EntityColumn = { readonly name: string; readonly values: readonly unknown[] };

/** One view's part: which features, for which key a row, under which names they are answered. */
export type ViewRead = {
  readonly view: View;
  readonly keys: readonly string[];
  readonly features: readonly string[];
  readonly names: readonly string[];
};

export type OnlineRequest = {
  readonly rows: number;
  /** Key columns of the views asked, echoed in the answer. */
  readonly entities: readonly EntityColumn[];
  readonly reads: readonly ViewRead[];
  readonly withVersions: boolean;
};

export type FeastCatalog = Pick<Gateway, 'views' | 'modelFeatures'>;

/** `profile@v1:spend` in its parts. `label` is `profile@v1`, as the answer's full names say it. */
type Reference = { readonly label: string; readonly view: View; readonly feature: string };

const LATEST = 'latest';
const VERSION = /^(?:latest|v\d{1,9})$/;

/**
 * What the body asks. Fields that Feast may add are ignored, as its own server does. Throws FeastBodyFault for a wrong
 * shape, and FeastRefusal: NOT_FOUND for views, features and services, INVALID_ARGUMENT for what cannot be answered.
 */
export function parseOnlineRequest(body: JsonObject, catalog: FeastCatalog): OnlineRequest {
  const columns = entityColumns(body['entities']);
  const fullNames = flag(body, 'full_feature_names');
  const withVersions = flag(body, 'include_feature_view_version_metadata');
  const references = asked(body, catalog);
  const rows = columns[0]?.values.length ?? 0;
  for (const { name, values } of columns) {
    if (values.length === rows) continue;
    throw feastInvalid(`'${columns[0]!.name}' has ${rows} values and '${name}' ${values.length}; give one a row`);
  }
  if (rows > FEATURE_ROWS_MAX) {
    throw feastInvalid(`${rows} entity rows; at most ${FEATURE_ROWS_MAX} are allowed, so split them`);
  }
  if (rows * references.length > FEATURE_CELLS_MAX) {
    throw feastInvalid(
      `${rows} rows of ${references.length} features are ${rows * references.length} values; at most ${FEATURE_CELLS_MAX} are allowed, so split them`,
    );
  }
  return { rows, ...group(references, columns, fullNames), withVersions };
}

function entityColumns(entities: unknown): EntityColumn[] {
  if (!isJsonObject(entities)) {
    throw new FeastBodyFault(
      ['entities'],
      `'entities' must be an object with a list of keys for each entity, got ${describeJson(entities)}`,
    );
  }
  return Object.entries(entities).map(([name, values]) => {
    if (Array.isArray(values)) return { name, values };
    throw new FeastBodyFault(['entities', name], `${quoteShort(name)} must be a list, got ${describeJson(values)}`);
  });
}

function flag(body: JsonObject, field: string): boolean {
  const value = body[field] ?? false;
  if (typeof value === 'boolean') return value;
  throw new FeastBodyFault([field], `'${field}' must be true or false, got ${describeJson(value)}`);
}

function asked(body: JsonObject, catalog: FeastCatalog): Reference[] {
  const service = body['feature_service'] ?? '';
  if (typeof service !== 'string') {
    throw new FeastBodyFault(['feature_service'], `'feature_service' must be text, got ${describeJson(service)}`);
  }
  const texts = service === '' ? featureTexts(body['features'] ?? []) : serviceFeatures(service, catalog);
  if (texts.length === 0) throw feastInvalid("no features are asked for; name some as 'view:feature' in 'features'");
  if (texts.length > FEATURES_PER_VIEW_MAX) {
    throw feastInvalid(`${texts.length} features; at most ${FEATURES_PER_VIEW_MAX} are allowed, so split them`);
  }
  return texts.map((text, i) => resolve(text, i, catalog));
}

function featureTexts(given: unknown): readonly string[] {
  if (!Array.isArray(given)) {
    throw new FeastBodyFault(['features'], `'features' must be a list, got ${describeJson(given)}`);
  }
  given.forEach((text, i) => {
    if (typeof text === 'string') return;
    throw new FeastBodyFault(['features', i], `features[${i}] must be text, got ${describeJson(text)}`);
  });
  return given as string[];
}

function serviceFeatures(service: string, catalog: FeastCatalog): string[] {
  let names: readonly string[];
  try {
    names = catalog.modelFeatures(service);
  } catch (thrown) {
    if (!(thrown instanceof ServingError) || thrown.code !== 'NOT_FOUND') throw thrown;
    throw new FeastRefusal(
      'NOT_FOUND',
      'FeatureServiceNotFoundException',
      `Feature service ${quoteShort(service)} does not exist; here a feature service is named after a model and gives the features it is fed (${thrown.message})`,
    );
  }
  // Transforms stand among them without a view: they are worked out for a request to the model, and not stored.
  const stored = names.filter((name) => name.includes('.'));
  if (stored.length === 0) throw feastInvalid(`model '${service}' is fed no features; name some in 'features'`);
  return [...new Set(stored)].map((name) => name.replace('.', ':'));
}

function resolve(text: string, i: number, catalog: FeastCatalog): Reference {
  const colon = text.indexOf(':');
  const at = text.indexOf('@');
  const pinned = at >= 0 && at < colon;
  const name = text.slice(0, pinned ? at : colon);
  const version = pinned ? text.slice(at + 1, colon) : LATEST;
  if (colon < 1 || colon === text.length - 1 || !VERSION.test(version)) {
    throw new FeastBodyFault(
      ['features', i],
      `feature reference ${quoteShort(text)} must be '<feature_view>:<feature>' or '<feature_view>@<version>:<feature>'`,
    );
  }
  const view = findView(name, catalog);
  if (version !== LATEST && Number(version.slice(1)) !== view.version) {
    throw new FeastRefusal(
      'NOT_FOUND',
      'FeatureViewVersionNotFound',
      `Version ${version} of feature view '${name}' does not exist; this app serves v${view.version}`,
    );
  }
  const feature = text.slice(colon + 1);
  if (!view.featureByName.has(feature)) {
    throw new FeastRefusal(
      'NOT_FOUND',
      'FeastObjectNotFoundException',
      `Feature ${quoteShort(feature)} not found in feature view '${name}'; it has ${someNames(view.featureByName.keys())}`,
    );
  }
  return { label: version === LATEST ? name : `${name}@${version}`, view, feature };
}

/** Throws Feast's FeatureViewNotFoundException. */
function findView(name: string, catalog: FeastCatalog): View {
  const view = catalog.views().get(name);
  if (view !== undefined) return view;
  throw new FeastRefusal(
    'NOT_FOUND',
    'FeatureViewNotFoundException',
    `Feature view ${quoteShort(name)} does not exist; this app defines: ${someNames(catalog.views().keys())}`,
  );
}

/** For error messages: the first few names. */
export function someNames(names: Iterable<string>): string {
  const all = [...names];
  return all.length === 0 ? 'none' : all.slice(0, 20).join(', ') + (all.length > 20 ? ', …' : '');
}

/** Features by view, in the order in which views are first named, with the keys of each; names that clash are refused. */
function group(references: readonly Reference[], columns: readonly EntityColumn[], fullNames: boolean) {
  const entities: EntityColumn[] = [];
  const keysOf = new Map<string, readonly string[]>();
  const groups = new Map<string, ViewRead & { features: string[]; names: string[] }>();
  const taken = new Set<string>();
  const clashes = new Set<string>();
  for (const { label, view, feature } of references) {
    let part = groups.get(label);
    if (part === undefined) {
      let keys = keysOf.get(view.entity.key);
      if (keys === undefined) {
        const values = keyColumn(view, columns);
        keys = values.map((value, row) => entityKey(view.entity.key, row, value));
        keysOf.set(view.entity.key, keys);
        entities.push({ name: view.entity.key, values });
      }
      part = { view, keys, features: [], names: [] };
      groups.set(label, part);
    }
    const name = fullNames ? `${label}__${feature}` : feature;
    if (taken.has(name)) clashes.add(name);
    taken.add(name);
    part.features.push(feature);
    part.names.push(name);
  }
  for (const { name } of entities) if (taken.has(name)) clashes.add(name);
  if (clashes.size > 0) throw collision(clashes, fullNames);
  return { entities, reads: [...groups.values()] };
}

/** By the entity's key or, as Feast once did, by its name. */
function keyColumn({ name, entity }: View, columns: readonly EntityColumn[]): readonly unknown[] {
  const column = columns.find((one) => one.name === entity.key) ?? columns.find((one) => one.name === entity.name);
  if (column !== undefined) return column.values;
  throw feastInvalid(`feature view '${name}' is read by '${entity.key}'; add "${entity.key}": […] to 'entities'`);
}

/** Keys are text here; whole numbers stand for their digits. */
function entityKey(field: string, row: number, value: unknown): string {
  const text = keyText(value);
  if (text === null) throw feastInvalid(`${field}[${row}] must be text or a whole number, got ${describeJson(value)}`);
  if (!text.isWellFormed()) throw feastInvalid(`${field}[${row}] holds half of a surrogate pair, which is not text`);
  const bytes = Buffer.byteLength(text);
  if (bytes === 0 || bytes > ENTITY_KEY_BYTES_MAX) {
    throw feastInvalid(`${field}[${row}] has ${bytes} bytes; 1 to ${ENTITY_KEY_BYTES_MAX} are allowed`);
  }
  return text;
}

/** Null for what cannot be a key. */
export function keyText(value: unknown): string | null {
  if (typeof value === 'string') return value;
  if (typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value))) return String(value);
  return null;
}

function collision(names: ReadonlySet<string>, fullNames: boolean): FeastRefusal {
  const cure = fullNames
    ? 'ask for each feature once'
    : "ask for each feature once, and set 'full_feature_names' to true where views share a feature's name";
  return new FeastRefusal(
    'INVALID_ARGUMENT',
    'FeatureNameCollisionError',
    `Duplicate features named ${someNames(names)} found; ${cure}`,
  );
}
