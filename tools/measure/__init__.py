"""Memory and speed of the framework: `size`, `bench`, `soak`, and what these share.

`programs` has the applications, `steps` the requests to them and the client; `forms` puts a package
and the programs where they run, `frozen` into a MicroPython. What is measured: `heap` and `wasm`,
`board`, `cpu` and `hosted`, `extensions`; what it may be: `targets`."""
