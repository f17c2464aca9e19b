// The one thing that tells the build in single precision from the other; the build script replaces this file for it.

/** Whether an amplitude is two f32 instead of two f64. Numbers of gates are f64 either way. */
export const SINGLE: bool = false;
