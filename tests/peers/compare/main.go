// Command compare runs hapki and its peers in turn, on the same work, and
// prints what each costs and the ratios, as Markdown. compare.sh calls it.
//
// A and B take turns within each round, so that a noisy minute hurts both. What
// is compared is CPU time, user and system, of the whole process as the kernel
// accounts it; wall time stands beside it.
package main

import (
	"debug/buildinfo"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

func main() {
	hapki := flag.String("hapki", "", "the release binary")
	issueMany := flag.String("issue-many", "", "pki-core's example of that name, a release build")
	verifyMany := flag.String("verify-many", "", "pki-core's example of that name, a release build")
	peers := flag.String("peers", "", "the directory that build.sh filled")
	rounds := flag.Int("rounds", 30, "rounds of a comparison; quick ones take more")
	only := flag.String("only", "", "only the comparisons whose title holds this")
	flag.Parse()
	work, err := os.MkdirTemp("", "hapki-compare-")
	must(err)
	defer os.RemoveAll(work)
	setting := setting{*hapki, *issueMany, *verifyMany, *peers, work, max(*rounds, 5)}
	for _, program := range []string{setting.hapki, setting.peer("kubeadm"), setting.peer("gocheck")} {
		if _, err := os.Stat(program); err != nil {
			must(fmt.Errorf("MISSING %s: compare.sh builds it", program))
		}
	}
	setting.printVersions()
	printLoad()
	for _, contest := range setting.contests() {
		if strings.Contains(contest.title, *only) {
			contest.run()
		}
	}
	setting.scaling(*only)
	printLoad()
}

// setting is where everything is.
type setting struct {
	hapki, issueMany, verifyMany, peers, work string
	rounds                                    int
}

func (s setting) peer(name string) string { return filepath.Join(s.peers, name) }

func (s setting) path(parts ...string) string {
	return filepath.Join(append([]string{s.work}, parts...)...)
}

func (s setting) printVersions() {
	for _, command := range [][]string{
		{s.hapki, "--version"}, {s.peer("kubeadm"), "version", "-o", "short"}, {s.peer("gocheck"), "version"}, {"openssl", "version"},
	} {
		out, err := exec.Command(command[0], command[1:]...).Output()
		line := strings.TrimSpace(string(out))
		if err != nil {
			line = "MISSING: " + err.Error()
		}
		fmt.Printf("- %s: %s\n", filepath.Base(command[0]), line)
	}
	// Built by `go install`, these know their version as a module only.
	for _, name := range []string{"cfssl", "step"} {
		info, err := buildinfo.ReadFile(s.peer(name))
		if err != nil {
			fmt.Printf("- %s: MISSING: %v\n", name, err)
			continue
		}
		fmt.Printf("- %s: %s\n", name, info.Main.Version)
	}
}

func printLoad() {
	bytes, _ := os.ReadFile("/proc/loadavg")
	load := strings.Fields(string(bytes) + " ?")[0]
	fmt.Printf("\nload %s on %d cores", load, runtime.NumCPU())
	var busy float64
	if _, err := fmt.Sscan(load, &busy); err == nil && busy > float64(runtime.NumCPU())+1 {
		fmt.Print(" (TOO BUSY: do not quote the wall times)")
	}
	fmt.Println()
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(2)
	}
}
