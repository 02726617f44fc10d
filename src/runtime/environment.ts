/**
 * The environment a process that computes with tensors should be started with. Free of imports: the engine reads it.
 */

/**
 * Environment variables for a child process that trains or evaluates.
 *
 * glibc gives large freed blocks back to the system, which pages them in again at the next call. Keeping them doubles
 * the speed of writing large outputs: matrices multiply at 155-175 GFLOP/s instead of 97-109 on two threads. The
 * variables are read when a process starts, so a process cannot set them for itself; other C libraries ignore them. The
 * onnx runtime sees them and then leaves memory to malloc, which all compiled functions share.
 */
export const TENSOR_PROCESS_ENVIRONMENT: Readonly<Record<string, string>> = {
  MALLOC_MMAP_MAX_: '0',
  MALLOC_TRIM_THRESHOLD_: '8000000000',
};
