// Command compare runs hapki and its peers in turn, on the same work, and
// prints what each costs and the ratios, as Markdown. compare.sh calls it.
//
// A and B take turns within each round, so that a noisy minute hurts both. What
// is compared is CPU time, user and system, of the whole process as the kernel
// accounts it; wall time stands beside it.
package main

import (
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
	issueMany := flag.String("issue-many", "", "the release example issue_many of pki-core")
	peers := flag.String("peers", "", "the directory that build.sh filled")
	rounds := flag.Int("rounds", 30, "rounds of a comparison; quick ones take more")
	flag.Parse()
	work, err := os.MkdirTemp("", "hapki-compare-")
	must(err)
	defer os.RemoveAll(work)
	setting := setting{*hapki, *issueMany, *peers, work, max(*rounds, 5)}
	for _, program := range []string{setting.hapki, setting.peer("kubeadm"), setting.peer("gocheck")} {
		if _, err := os.Stat(program); err != nil {
			must(fmt.Errorf("MISSING %s: compare.sh builds it", program))
		}
	}
	setting.printMachine()
	for _, contest := range setting.contests() {
		contest.run()
	}
	setting.printMachine()
}

// setting is where everything is.
type setting struct {
	hapki, issueMany, peers, work string
	rounds                        int
}

func (s setting) peer(name string) string { return filepath.Join(s.peers, name) }

func (s setting) path(parts ...string) string {
	return filepath.Join(append([]string{s.work}, parts...)...)
}

func (s setting) printMachine() {
	load, _ := os.ReadFile("/proc/loadavg")
	one := strings.Fields(string(load) + " ?")[0]
	fmt.Printf("\nload %s on %d cores", one, runtime.NumCPU())
	var busy float64
	if _, err := fmt.Sscan(one, &busy); err == nil && busy > float64(runtime.NumCPU())+1 {
		fmt.Print(" (TOO BUSY: do not quote the wall times)")
	}
	fmt.Println()
	for _, command := range [][]string{
		{s.hapki, "--version"}, {s.peer("kubeadm"), "version", "-o", "short"}, {s.peer("gocheck"), "version"},
		{"openssl", "version"}, {s.peer("cfssl"), "version"}, {s.peer("step"), "version"},
	} {
		out, err := exec.Command(command[0], command[1:]...).Output()
		line := strings.SplitN(strings.TrimSpace(string(out)), "\n", 2)[0]
		if err != nil {
			line = "MISSING: " + err.Error()
		}
		fmt.Printf("- %s: %s\n", filepath.Base(command[0]), line)
	}
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(2)
	}
}
