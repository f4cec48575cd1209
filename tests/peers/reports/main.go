// Command reports reads what hapki reports for other programs as those read it:
// SARIF against the OASIS schema, Prometheus' text with the parser and the
// linter of `promtool check metrics`.
//
//	reports sarif --schema SCHEMA.json < LOG
//	reports prometheus < METRICS
//
// It prints one JSON object. Exit code: 0 nothing is wrong, 1 something is, 2 it
// could not be asked.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	// Its source holds the schema, which build.sh takes out of it.
	_ "github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/prometheus/common/expfmt"
	"github.com/xeipuuv/gojsonschema"
)

func main() {
	if len(os.Args) < 2 {
		fail("reports sarif|prometheus")
	}
	input, err := io.ReadAll(os.Stdin)
	must(err)
	flags := flag.NewFlagSet(os.Args[1], flag.ExitOnError)
	schema := flags.String("schema", "", "the schema's file")
	must(flags.Parse(os.Args[2:]))
	var body map[string]any
	switch os.Args[1] {
	case "sarif":
		body = sarif(*schema, input)
	case "prometheus":
		body = prometheus(input)
	default:
		fail("reports sarif|prometheus")
	}
	must(json.NewEncoder(os.Stdout).Encode(body))
	if len(body["problems"].([]string)) > 0 {
		os.Exit(1)
	}
}

func sarif(file string, log []byte) map[string]any {
	schema, err := os.ReadFile(file)
	must(err)
	outcome, err := gojsonschema.Validate(gojsonschema.NewBytesLoader(schema), gojsonschema.NewBytesLoader(log))
	must(err)
	problems := []string{}
	for _, problem := range outcome.Errors() {
		problems = append(problems, problem.String())
	}
	return map[string]any{"problems": problems}
}

// prometheus answers with the number of series of each family, too.
func prometheus(text []byte) map[string]any {
	problems := []string{}
	var parser expfmt.TextParser
	families, err := parser.TextToMetricFamilies(bytes.NewReader(text))
	if err != nil {
		problems = append(problems, err.Error())
	}
	lints, err := promlint.New(bytes.NewReader(text)).Lint()
	if err != nil {
		problems = append(problems, err.Error())
	}
	for _, lint := range lints {
		problems = append(problems, lint.Metric+": "+lint.Text)
	}
	series := map[string]int{}
	for name, family := range families {
		series[name] = len(family.Metric)
		seen := map[string]bool{}
		for _, metric := range family.Metric {
			labels := []string{}
			for _, pair := range metric.Label {
				labels = append(labels, fmt.Sprintf("%s=%q", pair.GetName(), pair.GetValue()))
			}
			key := strings.Join(labels, ",")
			if seen[key] {
				problems = append(problems, name+": twice: "+key)
			}
			seen[key] = true
		}
	}
	return map[string]any{"problems": problems, "series": series}
}

func must(err error) {
	if err != nil {
		fail(err.Error())
	}
}

func fail(message string) {
	fmt.Fprintln(os.Stderr, "reports:", message)
	os.Exit(2)
}
