/** Names of number formats: PyTorch's as a trace has them, and ours as tables of peaks have them. */
const names: Readonly<Record<string, string>> = {
  float64: "fp64",
  double: "fp64",
  float32: "fp32",
  float: "fp32",
  float16: "fp16",
  half: "fp16",
  bfloat16: "bf16",
  float8_e4m3fn: "fp8",
  float8_e4m3fnuz: "fp8",
  float8_e5m2: "fp8",
  float8_e5m2fnuz: "fp8",
};

/** `torch.bfloat16` is `bf16`; a name that is not known stays as it is, without `torch.`. */
export function dtypeName(dtype: string): string {
  const plain = dtype.replace(/^torch\./, "");
  return names[plain] ?? plain;
}

const integers = /^(u?int\d+|bool|long|short|byte|char|int)$/;

/**
 * The format in which a layer computes: that of its inputs, or of its weights where the inputs are indices.
 *
 * Under autocast inputs may come in another format than the product runs in; a trace does not tell that.
 */
export function computeDtype(input: string | undefined, weights: string | undefined): string | undefined {
  const found = [input, weights].find((dtype) => dtype !== undefined && !integers.test(dtypeName(dtype)));
  return found === undefined ? undefined : dtypeName(found);
}
