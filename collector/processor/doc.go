// Package processor is the Collector's processor of type tailwise: it brings the traces of a pipeline to the engine that
// the extension runs, behind any receiver, and what is kept goes on in the same pipeline. It stands where tail_sampling
// stood.
package processor
