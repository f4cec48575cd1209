package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// scaling shows what an audit costs per edge, from one small cluster to a large
// one and to many one after the other. hapki alone: no peer knows edges.
func (s setting) scaling(only string) {
	const title = "Audits of one cluster and of many, per edge"
	if !strings.Contains(title, only) {
		return
	}
	fmt.Printf("\n### %s\n\nECDSA-P256, as `hapki init` makes them, with the inventory; median of 5 rounds\n\n", title)
	fmt.Print("| audited | edges | CPU ms | wall ms | CPU µs per edge | times the first | peak MiB |\n| --- | --- | --- | --- | --- | --- | --- |\n")
	var first float64
	for _, row := range []struct {
		name                       string
		masters, workers, repeated int
	}{
		{"3 masters", 3, 0, 1},
		{"5 masters", 5, 0, 1},
		{"5 masters, 995 workers", 5, 995, 1},
		{"200 clusters of 5 masters, a process each", 5, 0, 200},
	} {
		clusters := make([]cluster, row.repeated)
		for i := range clusters {
			clusters[i] = s.forgeCluster(fmt.Sprintf("scaling-%d-%d-%d", row.masters, row.workers, len(clusters)+i), row.masters, row.workers)
		}
		edges, peak := 0, int64(0)
		samples := make([]sample, 5)
		for round := range samples {
			edges = 0
			for _, cluster := range clusters {
				audited := cluster.audit(s.hapki)
				edges += audited.edges
				peak = max(peak, audited.peak)
				samples[round].cpu += audited.cpu
				samples[round].wall += audited.wall
			}
		}
		cpu := median(samples, sample.ofCPU)
		perEdge := cpu * 1e6 / float64(edges)
		if first == 0 {
			first = perEdge
		}
		fmt.Printf("| %s | %d | %.2f | %.2f | %.1f | %.2f | %.1f |\n", row.name, edges, cpu*1000, median(samples, sample.ofWall)*1000, perEdge, perEdge/first, float64(peak)/1024)
	}
}

type cluster struct{ directory, inventory string }

func (s setting) forgeCluster(name string, masters, workers int) cluster {
	forged := cluster{s.path(name), s.path(name + ".yaml")}
	var text strings.Builder
	text.WriteString(scalingText)
	var backends []string
	for i := range masters {
		name := fmt.Sprintf("m%d", i+1)
		backends = append(backends, name)
		roles := "control-plane, etcd"
		if i == masters-1 {
			roles += ", load-balancer"
		}
		fmt.Fprintf(&text, "  - { name: %s, addresses: [10.1.0.%d], roles: [%s] }\n", name, i+1, roles)
	}
	for i := range workers {
		fmt.Fprintf(&text, "  - { name: w%d, addresses: [10.2.%d.%d], roles: [worker] }\n", i+1, i/250, i%250+1)
	}
	fmt.Fprintf(&text, "loadBalancers:\n  - { node: m%d, listen: 8443, names: [lb.example.internal], backends: [%s] }\n", masters, strings.Join(backends, ", "))
	write(forged.inventory, text.String())
	output, err := exec.Command(s.hapki, "init", "--inventory", forged.inventory, "--out", forged.directory).CombinedOutput()
	if err != nil {
		must(fmt.Errorf("hapki init: %w\n%s", err, output))
	}
	return forged
}

type audited struct {
	edges     int
	cpu, wall float64
	peak      int64
}

func (c cluster) audit(hapki string) audited {
	command := exec.Command(hapki, "audit", "--format", "json", "--inventory", c.inventory, c.directory)
	stdout, err := command.StdoutPipe()
	must(err)
	start := time.Now()
	must(command.Start())
	edges := countedIn(stdout)
	must(command.Wait())
	wall := time.Since(start).Seconds()
	if edges.Total == 0 || edges.Refused != 0 {
		must(fmt.Errorf("%s: %d edges, %d refused", c.directory, edges.Total, edges.Refused))
	}
	state := command.ProcessState
	result := audited{edges.Total, state.UserTime().Seconds() + state.SystemTime().Seconds(), wall, 0}
	if usage, ok := state.SysUsage().(*syscall.Rusage); ok {
		result.peak = usage.Maxrss
	}
	return result
}

// countedIn reads a report's summary and lets the rest go by: a child's peak is
// never told as less than this process's own.
func countedIn(report io.Reader) (edges struct{ Total, Refused int }) {
	decoder := json.NewDecoder(report)
	for {
		token, err := decoder.Token()
		must(err)
		if token == "summary" {
			break
		}
	}
	var summary struct{ Edges struct{ Total, Refused int } }
	must(decoder.Decode(&summary))
	_, err := io.Copy(io.Discard, report)
	must(err)
	return summary.Edges
}

const scalingText = `apiVersion: hapki.dev/v1
kind: Cluster
metadata: { name: scaling }
kubernetes: { version: "1.34", serviceSubnet: 10.96.0.0/12, controlPlaneEndpoint: "lb.example.internal:8443" }
certificates: { key: ecdsa-p256, validity: 365d, caValidity: 3650d }
nodes:
`
