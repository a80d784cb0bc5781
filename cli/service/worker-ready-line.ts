/** How the line starts that a worker prints on standard output when it is connected. */
export const workerReadyLine = "Runsmith worker is connected to ";
