// Package distribution is the Collector that the tailwise program is: which components it has, and how it reads its
// configuration. Who builds a Collector of their own takes collector/receiver, collector/processor, collector/extension
// and collector/exporter from here instead.
package distribution
