package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// contest is one piece of work that several programs do.
type contest struct {
	title  string
	rounds int
	// each run counts as so many pieces of work
	pieces int
	// the mean and its standard error rather than the median: for work whose
	// time is random by nature, as the search for primes is
	mean    bool
	entries []entry
}

// entry is one program's way of doing it; hapki's comes first.
type entry struct {
	name     string
	commands [][]string
	// done before each run, not measured
	before func()
	// the program measures the work itself and prints {"cpu_seconds": …}: what
	// goes before it, reading and parsing, is not what is compared
	reports bool
}

// sample is what one run cost.
type sample struct{ user, cpu, wall float64 }

func (c contest) run() {
	fmt.Printf("\n### %s\n\n", c.title)
	samples := make([][]sample, len(c.entries))
	failed := make([]error, len(c.entries))
	// The first round warms the page cache and is thrown away.
	for round := range c.rounds + 1 {
		for i, entry := range c.entries {
			if failed[i] != nil {
				continue
			}
			sample, err := entry.measure()
			if err != nil {
				failed[i] = err
			} else if round > 0 {
				samples[i] = append(samples[i], sample)
			}
		}
	}
	kind := "median"
	if c.mean {
		kind = "mean"
	}
	fmt.Printf("%s of %d rounds", kind, c.rounds)
	if c.pieces > 1 {
		fmt.Printf(", %d pieces a round", c.pieces)
	}
	fmt.Print("\n\n| program | CPU ms | user ms | wall ms | CPU, times hapki's | wall, times hapki's |\n| --- | --- | --- | --- | --- | --- |\n")
	for i, entry := range c.entries {
		if failed[i] != nil {
			fmt.Printf("| %s | **%s** |\n", entry.name, strings.ReplaceAll(failed[i].Error(), "\n", " "))
			continue
		}
		cpu, user, wall := c.summary(samples[i])
		ratio := func(field func(sample) float64) string {
			if i == 0 || failed[0] != nil {
				return ""
			}
			return fmt.Sprintf("%.2f", c.middle(samples[i], field)/c.middle(samples[0], field))
		}
		fmt.Printf("| %s | %s | %s | %s | %s | %s |\n", entry.name, cpu, user, wall, ratio(sample.ofCPU), ratio(sample.ofWall))
	}
}

func (s sample) ofCPU() float64  { return s.cpu }
func (s sample) ofUser() float64 { return s.user }
func (s sample) ofWall() float64 { return s.wall }

func (c contest) summary(samples []sample) (cpu, user, wall string) {
	text := func(field func(sample) float64) string {
		value := fmt.Sprintf("%.3f", c.middle(samples, field)*1000)
		if c.mean {
			value += fmt.Sprintf(" ±%.3f", standardError(samples, field)*1000)
		}
		return value
	}
	return text(sample.ofCPU), text(sample.ofUser), text(sample.ofWall)
}

func (c contest) middle(samples []sample, field func(sample) float64) float64 {
	if c.mean {
		return mean(samples, field)
	}
	return median(samples, field)
}

func mean(samples []sample, field func(sample) float64) float64 {
	total := 0.0
	for _, sample := range samples {
		total += field(sample)
	}
	return total / float64(len(samples))
}

func standardError(samples []sample, field func(sample) float64) float64 {
	middle, squares := mean(samples, field), 0.0
	for _, sample := range samples {
		squares += (field(sample) - middle) * (field(sample) - middle)
	}
	count := float64(len(samples))
	return math.Sqrt(squares/(count-1)) / math.Sqrt(count)
}

func median(samples []sample, field func(sample) float64) float64 {
	values := make([]float64, len(samples))
	for i, sample := range samples {
		values[i] = field(sample)
	}
	slices.Sort(values)
	half := len(values) / 2
	if len(values)%2 == 1 {
		return values[half]
	}
	return (values[half-1] + values[half]) / 2
}

// measure runs the commands one after the other and adds up what the kernel
// accounts to each process and its children.
func (e entry) measure() (sample, error) {
	if e.before != nil {
		e.before()
	}
	var total sample
	for _, args := range e.commands {
		command := exec.Command(args[0], args[1:]...)
		// Colours, completion and the like are nobody's business here.
		command.Env = append(os.Environ(), "NO_COLOR=1")
		var stdout, stderr strings.Builder
		command.Stdout, command.Stderr = &stdout, &stderr
		start := time.Now()
		if err := command.Run(); errors.Is(err, fs.ErrNotExist) || errors.Is(err, exec.ErrNotFound) {
			return total, fmt.Errorf("MISSING: %s", args[0])
		} else if err != nil {
			return total, fmt.Errorf("FAILED: %s: %w %s", strings.Join(args, " "), err, stderr.String())
		}
		total.wall += time.Since(start).Seconds()
		if e.reports {
			var reported struct {
				CPU float64 `json:"cpu_seconds"`
			}
			if err := json.Unmarshal([]byte(stdout.String()), &reported); err != nil || reported.CPU == 0 {
				return total, fmt.Errorf("FAILED: %s printed no cpu_seconds: %s", args[0], stdout.String())
			}
			total.cpu += reported.CPU
			continue
		}
		total.user += command.ProcessState.UserTime().Seconds()
		total.cpu += command.ProcessState.UserTime().Seconds() + command.ProcessState.SystemTime().Seconds()
	}
	return total, nil
}
