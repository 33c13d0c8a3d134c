/** Small dense matrices, row-major in Float64Array: the systems here have one row a phase. */

/**
 * Inverse of a symmetric positive definite matrix by Cholesky's decomposition.
 * @returns undefined where the matrix is not positive definite to rounding
 */
export function inverse(matrix: Float64Array, size: number): Float64Array | undefined {
  const lower = cholesky(matrix, size);
  if (lower === undefined) return undefined;
  const result = new Float64Array(size * size);
  const column = new Float64Array(size);
  for (let unit = 0; unit < size; unit++) {
    column.fill(0);
    column[unit] = 1;
    solveInPlace(lower, column, size);
    for (let row = 0; row < size; row++) result[row * size + unit] = column[row]!;
  }
  return result;
}

/** Lower triangle L with L Lᵀ = matrix; undefined where the matrix is not positive definite. */
export function cholesky(matrix: Float64Array, size: number): Float64Array | undefined {
  const lower = new Float64Array(size * size);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column <= row; column++) {
      let sum = matrix[row * size + column]!;
      for (let k = 0; k < column; k++) sum -= lower[row * size + k]! * lower[column * size + k]!;
      if (row !== column) lower[row * size + column] = sum / lower[column * size + column]!;
      else if (sum > 1e-14 * Math.abs(matrix[row * size + row]!)) lower[row * size + row] = Math.sqrt(sum);
      else return undefined;
    }
  }
  return lower;
}

/** Solves L Lᵀ x = b; b becomes x. */
export function solveInPlace(lower: Float64Array, b: Float64Array, size: number): void {
  for (let row = 0; row < size; row++) {
    for (let k = 0; k < row; k++) b[row]! -= lower[row * size + k]! * b[k]!;
    b[row]! /= lower[row * size + row]!;
  }
  for (let row = size - 1; row >= 0; row--) {
    for (let k = row + 1; k < size; k++) b[row]! -= lower[k * size + row]! * b[k]!;
    b[row]! /= lower[row * size + row]!;
  }
}

/** a (rows × inner) times b (inner × columns). */
export function multiply(a: Float64Array, b: Float64Array, rows: number, inner: number, columns: number): Float64Array {
  const result = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let k = 0; k < inner; k++) {
      const factor = a[row * inner + k]!;
      if (factor === 0) continue;
      for (let column = 0; column < columns; column++)
        result[row * columns + column]! += factor * b[k * columns + column]!;
    }
  }
  return result;
}

export function transpose(a: Float64Array, rows: number, columns: number): Float64Array {
  const result = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) result[column * rows + row] = a[row * columns + column]!;
  }
  return result;
}

/** a C aᵀ of a square C. */
export function congruence(a: Float64Array, c: Float64Array, size: number): Float64Array {
  return multiply(multiply(a, c, size, size, size), transpose(a, size, size), size, size, size);
}

/**
 * Eigenvalues and eigenvectors of a symmetric matrix by Jacobi's rotations (Golub & Van Loan, Matrix Computations, 8.5).
 * @returns `vectors[row * size + k]` belongs to `values[k]`; in no order
 */
export function eigen(matrix: Float64Array, size: number): { values: Float64Array; vectors: Float64Array } {
  const a = Float64Array.from(matrix);
  const vectors = new Float64Array(size * size);
  for (let k = 0; k < size; k++) vectors[k * size + k] = 1;
  // A handful of sweeps reaches rounding for any size met here; 30 is a bound, not an expectation.
  for (let sweep = 0; sweep < 30; sweep++) {
    let outside = 0;
    let inside = 0;
    for (let p = 0; p < size; p++) {
      inside += a[p * size + p]! ** 2;
      for (let q = p + 1; q < size; q++) outside += a[p * size + q]! ** 2;
    }
    if (outside <= 1e-28 * inside) break;
    for (let p = 0; p < size; p++) for (let q = p + 1; q < size; q++) rotate(a, vectors, p, q, size);
  }
  return { values: Float64Array.from({ length: size }, (_, k) => a[k * size + k]!), vectors };
}

function rotate(a: Float64Array, vectors: Float64Array, p: number, q: number, size: number): void {
  const apq = a[p * size + q]!;
  if (apq === 0) return;
  const theta = (a[q * size + q]! - a[p * size + p]!) / (2 * apq);
  const tangent = Math.sign(theta || 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const cosine = 1 / Math.sqrt(tangent * tangent + 1);
  const sine = tangent * cosine;
  for (let k = 0; k < size; k++) {
    const [akp, akq] = [a[k * size + p]!, a[k * size + q]!];
    a[k * size + p] = cosine * akp - sine * akq;
    a[k * size + q] = sine * akp + cosine * akq;
  }
  for (let k = 0; k < size; k++) {
    const [apk, aqk] = [a[p * size + k]!, a[q * size + k]!];
    a[p * size + k] = cosine * apk - sine * aqk;
    a[q * size + k] = sine * apk + cosine * aqk;
    const [vkp, vkq] = [vectors[k * size + p]!, vectors[k * size + q]!];
    vectors[k * size + p] = cosine * vkp - sine * vkq;
    vectors[k * size + q] = sine * vkp + cosine * vkq;
  }
}
