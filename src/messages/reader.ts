/**
 * Checks for what a webview sends. A webview draws data from run folders, which are untrusted; so a message from it is
 * looked at field by field before anything is done, and one that has a field too many, too few or of the wrong type is
 * no message at all.
 */
type Check<T> = (value: unknown) => value is T;

export const text: Check<string> = (value): value is string => typeof value === "string" && value.length <= 4096;
export const longText: Check<string> = (value): value is string =>
  typeof value === "string" && value.length <= 64 * 1024 * 1024;
export const positiveInteger: Check<number> = (value): value is number => Number.isInteger(value) && Number(value) > 0;
export const finiteNumber: Check<number> = (value): value is number => Number.isFinite(value);
export const yesOrNo: Check<boolean> = (value): value is boolean => typeof value === "boolean";
/** `en`, `de-AT` */
export const languageCode: Check<string> = (value): value is string =>
  typeof value === "string" && value.length <= 40 && /^[A-Za-z]{2,}([-_][A-Za-z0-9]+)*$/.test(value);

export function oneOf<const T extends readonly string[]>(...words: T): Check<T[number]> {
  return (value): value is T[number] => typeof value === "string" && words.includes(value);
}

type Checks<M extends { type: string }> = {
  [K in M["type"]]: { [F in Exclude<keyof Extract<M, { type: K }>, "type">]: Check<Extract<M, { type: K }>[F]> };
};

/** A function that answers its argument if it is one of the messages `M`, else undefined. */
export function reader<M extends { type: string }>(checks: Checks<M>): (message: unknown) => M | undefined {
  return (message) => {
    if (typeof message !== "object" || message === null || Array.isArray(message)) return undefined;
    const fields = message as Record<string, unknown>;
    if (typeof fields.type !== "string" || !Object.hasOwn(checks, fields.type)) return undefined;
    const wanted = checks[fields.type as M["type"]] as Record<string, Check<unknown>>;
    const names = Object.keys(fields).filter((name) => name !== "type");
    const fits = names.length === Object.keys(wanted).length;
    const holds = names.every((name) => Object.hasOwn(wanted, name) && wanted[name]!(fields[name]));
    return fits && holds ? (message as M) : undefined;
  };
}
