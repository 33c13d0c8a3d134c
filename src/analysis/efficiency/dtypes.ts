import { peakKey } from "../../model/calibration";

const integers = /^(u?int\d+|bool|long|short|byte|char|int)$/;

/**
 * The format in which a layer computes, as peaks are listed: that of its inputs, or of its weights where the inputs are
 * indices.
 *
 * Under autocast inputs may come in another format than the product runs in; a trace does not tell that.
 */
export function computeDtype(input: string | undefined, weights: string | undefined): string | undefined {
  const names = [input, weights].flatMap((dtype) => (dtype === undefined ? [] : [dtype.replace(/^torch\./, "")]));
  const found = names.find((dtype) => !integers.test(dtype));
  return found === undefined ? undefined : peakKey(found);
}
