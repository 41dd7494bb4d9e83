package distribution

import (
	"errors"

	"github.com/open-telemetry/opentelemetry-collector-contrib/exporter/fileexporter"
	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/basicauthextension"
	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/bearertokenauthextension"
	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/healthcheckextension"
	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/oidcauthextension"
	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/pprofextension"
	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/attributesprocessor"
	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/filterprocessor"
	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/redactionprocessor"
	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/resourceprocessor"
	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/transformprocessor"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/connector"
	"go.opentelemetry.io/collector/connector/forwardconnector"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/debugexporter"
	"go.opentelemetry.io/collector/exporter/otlpexporter"
	"go.opentelemetry.io/collector/exporter/otlphttpexporter"
	"go.opentelemetry.io/collector/extension"
	"go.opentelemetry.io/collector/extension/zpagesextension"
	"go.opentelemetry.io/collector/otelcol"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/batchprocessor"
	"go.opentelemetry.io/collector/processor/memorylimiterprocessor"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.opentelemetry.io/collector/service/telemetry/otelconftelemetry"

	"github.com/tailwise/tailwise/collector/connector/routing"
	tailwiseexporter "github.com/tailwise/tailwise/collector/exporter"
	tailwiseextension "github.com/tailwise/tailwise/collector/extension"
	tailwiseprocessor "github.com/tailwise/tailwise/collector/processor"
	tailwisereceiver "github.com/tailwise/tailwise/collector/receiver"
)

// The Go modules that components come from, as the components command prints them.
const (
	ours    = "github.com/tailwise/tailwise"
	core    = "go.opentelemetry.io/collector/"
	contrib = "github.com/open-telemetry/opentelemetry-collector-contrib/"
)

// part is a component with its module.
type part[F component.Factory] struct {
	factory F
	module  string
}

var receivers = []part[receiver.Factory]{
	{tailwisereceiver.NewFactory(), ours},
	{otlpreceiver.NewFactory(), core + "receiver/otlpreceiver"},
}

var processors = []part[processor.Factory]{
	{tailwiseprocessor.NewFactory(), ours},
	{attributesprocessor.NewFactory(), contrib + "processor/attributesprocessor"},
	{batchprocessor.NewFactory(), core + "processor/batchprocessor"},
	{filterprocessor.NewFactory(), contrib + "processor/filterprocessor"},
	{memorylimiterprocessor.NewFactory(), core + "processor/memorylimiterprocessor"},
	{redactionprocessor.NewFactory(), contrib + "processor/redactionprocessor"},
	{resourceprocessor.NewFactory(), contrib + "processor/resourceprocessor"},
	{transformprocessor.NewFactory(), contrib + "processor/transformprocessor"},
}

var exporters = []part[exporter.Factory]{
	{tailwiseexporter.NewFactory(), ours},
	{debugexporter.NewFactory(), core + "exporter/debugexporter"},
	{fileexporter.NewFactory(), contrib + "exporter/fileexporter"},
	{otlpexporter.NewFactory(), core + "exporter/otlpexporter"},
	{otlphttpexporter.NewFactory(), core + "exporter/otlphttpexporter"},
}

var extensions = []part[extension.Factory]{
	{tailwiseextension.NewFactory(), ours},
	{basicauthextension.NewFactory(), contrib + "extension/basicauthextension"},
	{bearertokenauthextension.NewFactory(), contrib + "extension/bearertokenauthextension"},
	{filestorage.NewFactory(), contrib + "extension/storage/filestorage"},
	{healthcheckextension.NewFactory(), contrib + "extension/healthcheckextension"},
	{oidcauthextension.NewFactory(), contrib + "extension/oidcauthextension"},
	{pprofextension.NewFactory(), contrib + "extension/pprofextension"},
	{zpagesextension.NewFactory(), core + "extension/zpagesextension"},
}

var connectors = []part[connector.Factory]{
	{forwardconnector.NewFactory(), core + "connector/forwardconnector"},
	{routing.NewFactory(), ours},
}

// Components returns everything that a configuration may name.
func Components() (otelcol.Factories, error) {
	f := otelcol.Factories{Telemetry: otelconftelemetry.NewFactory()}
	var errs [5]error
	f.Receivers, f.ReceiverModules, errs[0] = assemble(receivers)
	f.Processors, f.ProcessorModules, errs[1] = assemble(processors)
	f.Exporters, f.ExporterModules, errs[2] = assemble(exporters)
	f.Extensions, f.ExtensionModules, errs[3] = assemble(extensions)
	f.Connectors, f.ConnectorModules, errs[4] = assemble(connectors)
	return f, errors.Join(errs[:]...)
}

// assemble makes the two maps of one kind, under the deprecated names of components too.
func assemble[F component.Factory](parts []part[F]) (map[component.Type]F, map[component.Type]string, error) {
	list, modules := make([]F, 0, len(parts)), make(map[component.Type]string, len(parts))
	for _, p := range parts {
		list = append(list, p.factory)
		modules[p.factory.Type()] = p.module
	}
	factories, err := otelcol.MakeFactoryMap(list...)
	return factories, modules, err
}
