// Package extension is the Collector's extension of type tailwise: it runs the engine that receivers and processors of
// type tailwise bring their traces to, serves the engine's API, watches the policy file, and names what around them would
// lose traces in a crash.
package extension

// typeName is the component type of the extension, and of the receivers and processors that it serves.
const typeName = "tailwise"
