package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

// contests are the measures that hapki is held to, and what users do today.
func (s setting) contests() []contest {
	return []contest{
		s.inProcess("P-256: key, serial, seven names, signature; in process, one thread", "ecdsa-p256", "p256", inProcessP256, 10),
		s.inProcess("RSA-2048: the same", "rsa-2048", "rsa2048", inProcessRSA, s.rounds),
		s.clusterPKI("ECDSA-P256", "ecdsa-p256", s.rounds, false),
		s.clusterPKI("RSA-2048", "rsa-2048", s.rounds, true),
		s.judging("judged by chain, name, dates and usages, each once; one thread", 20000, "chains", "verify", 1),
		s.judging("judged ten times over", 2000, "chains", "verify", 10),
		s.judging("judged by name, dates and usages alone, from the file on", 20000, "names", "names", 0),
		s.coldStart(),
		s.auditOfOneNode(),
		s.oneCertificate(),
	}
}

func (s setting) inProcess(title, ours, gos string, count, rounds int) contest {
	n := strconv.Itoa(count)
	return contest{
		title: title, rounds: rounds, pieces: count, mean: gos == "rsa2048",
		entries: []entry{
			{name: "hapki (pki-core)", commands: [][]string{{s.issueMany, ours, n}}},
			{name: "Go crypto/x509", commands: [][]string{{s.peer("gocheck"), "bench", "issue", "--key", gos, "-n", n}}},
		},
	}
}

// judging compares what each program says its work cost, on the same P-256
// leaves of one CA; forging them is not measured.
func (s setting) judging(title string, leaves int, ours, gos string, times int) contest {
	directory := s.path(fmt.Sprintf("leaves-%d", leaves))
	forge := func() {
		if _, err := os.Stat(directory); err == nil {
			return
		}
		output, err := exec.Command(s.verifyMany, "forge", directory, strconv.Itoa(leaves)).CombinedOutput()
		if err != nil {
			must(fmt.Errorf("verify_many forge: %w\n%s", err, output))
		}
	}
	hapki := []string{s.verifyMany, ours, directory}
	golang := []string{s.peer("gocheck"), "bench", gos, "--dir", directory}
	if times > 0 {
		hapki = append(hapki, strconv.Itoa(times))
		golang = append(golang, "--times", strconv.Itoa(times))
	}
	return contest{
		title: fmt.Sprintf("%d P-256 leaves %s", leaves, title), rounds: 15, pieces: leaves * max(times, 1),
		entries: []entry{
			{name: "hapki (pki-core)", commands: [][]string{hapki}, before: forge, reports: true},
			{name: "Go crypto/x509", commands: [][]string{golang}, reports: true},
		},
	}
}

// clusterPKI compares cold processes that write one master's whole PKI. kubeadm
// writes the five kubeconfigs by a second command, hapki by the same one.
func (s setting) clusterPKI(algorithm, key string, rounds int, random bool) contest {
	ours, theirs := s.path("init-"+key), s.path("kubeadm-"+key)
	inventory, config := s.path("hapki-"+key+".yaml"), s.path("kubeadm-"+key+".yaml")
	write(inventory, fmt.Sprintf(inventoryText, key))
	write(config, fmt.Sprintf(kubeadmText, algorithm, filepath.Join(theirs, "pki")))
	clear := func(directory string) func() { return func() { must(os.RemoveAll(directory)) } }
	certs := []string{s.peer("kubeadm"), "init", "phase", "certs", "all", "--config", config}
	kubeconfigs := []string{s.peer("kubeadm"), "init", "phase", "kubeconfig", "all", "--config", config, "--kubeconfig-dir", theirs}
	return contest{
		title: "A master's PKI, " + algorithm + ", from a cold process to disk", rounds: rounds, mean: random,
		entries: []entry{
			{name: "hapki init (certificates and kubeconfigs)", commands: [][]string{{s.hapki, "init", "--inventory", inventory, "--out", ours}}, before: clear(ours)},
			{name: "kubeadm certs all + kubeconfig all", commands: [][]string{certs, kubeconfigs}, before: clear(theirs)},
			{name: "kubeadm certs all alone (without the kubeconfigs)", commands: [][]string{certs}, before: clear(theirs)},
		},
	}
}

func (s setting) coldStart() contest {
	return contest{
		title: "Start", rounds: 100,
		entries: []entry{
			{name: "hapki --version", commands: [][]string{{s.hapki, "--version"}}},
			{name: "openssl version", commands: [][]string{{"openssl", "version"}}},
			{name: "kubeadm version", commands: [][]string{{s.peer("kubeadm"), "version"}}},
		},
	}
}

// auditOfOneNode reads a node that kubeadm made: PKI, kubeconfigs, manifests.
// kubeadm's own command looks at dates alone.
func (s setting) auditOfOneNode() contest {
	root := s.path("node")
	write(filepath.Join(root, "kubeadm.yaml"), fmt.Sprintf(kubeadmText, "RSA-2048", "/etc/kubernetes/pki"))
	must(os.MkdirAll(filepath.Join(root, "etc/kubernetes/manifests"), 0o755))
	for _, phase := range [][]string{{"certs", "all"}, {"kubeconfig", "all"}, {"control-plane", "all"}, {"etcd", "local"}} {
		args := append([]string{"--rootfs", root, "init", "phase"}, phase...)
		output, err := exec.Command(s.peer("kubeadm"), append(args, "--config", "/kubeadm.yaml")...).CombinedOutput()
		if err != nil {
			must(fmt.Errorf("kubeadm %v (it changes its root directory, which asks for root): %w\n%s", args, err, output))
		}
	}
	expiration := []string{s.peer("kubeadm"), "--rootfs", root, "certs", "check-expiration", "--config", "/kubeadm.yaml"}
	return contest{
		title: "One node judged: pki/, kubeconfigs, manifests of kubeadm, RSA-2048", rounds: 100,
		entries: []entry{
			{name: "hapki audit", commands: [][]string{{s.hapki, "audit", "--fail-on", "never", root}}},
			{name: "kubeadm certs check-expiration", commands: [][]string{expiration}},
		},
	}
}

// oneCertificate is what a user types for one more server certificate.
func (s setting) oneCertificate() contest {
	pki, out := s.path("one/pki"), s.path("one/out")
	write(s.path("one/kubeadm.yaml"), fmt.Sprintf(kubeadmText, "ECDSA-P256", pki))
	output, err := exec.Command(s.peer("kubeadm"), "init", "phase", "certs", "ca", "--config", s.path("one/kubeadm.yaml")).CombinedOutput()
	if err != nil {
		must(fmt.Errorf("kubeadm init phase certs ca: %w\n%s", err, output))
	}
	ca, caKey := filepath.Join(pki, "ca.crt"), filepath.Join(pki, "ca.key")
	at := func(name string) string { return filepath.Join(out, name) }
	write(s.path("one/ext"), "subjectAltName=DNS:wudang,DNS:kubernetes,IP:10.96.0.1,IP:10.24.138.208\nextendedKeyUsage=serverAuth\n")
	write(s.path("one/cfssl.json"), `{"CN":"kube-apiserver","key":{"algo":"ecdsa","size":256},"hosts":["wudang","kubernetes","10.96.0.1","10.24.138.208"]}`)
	fresh := func() {
		must(os.RemoveAll(out))
		must(os.MkdirAll(out, 0o755))
	}
	hapki := []string{s.hapki, "issue", "apiserver", "--node", "wudang", "--ip", "10.24.138.208", "--key", "ecdsa-p256", "--pki-dir", pki, "--out", out}
	step := []string{
		s.peer("step"), "certificate", "create", "kube-apiserver", at("step.crt"), at("step.key"), "--ca", ca, "--ca-key", caKey,
		"--no-password", "--insecure", "--san", "wudang", "--san", "kubernetes", "--san", "10.96.0.1", "--san", "10.24.138.208",
	}
	return contest{
		title: "One apiserver certificate, P-256, from cold processes to disk (mostly process start)", rounds: s.rounds,
		entries: []entry{
			{name: "hapki issue apiserver", commands: [][]string{hapki}, before: fresh},
			{name: "openssl genpkey, req, x509", commands: [][]string{
				{"openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", at("o.key")},
				{"openssl", "req", "-new", "-key", at("o.key"), "-subj", "/CN=kube-apiserver", "-out", at("o.csr")},
				{"openssl", "x509", "-req", "-in", at("o.csr"), "-CA", ca, "-CAkey", caKey, "-CAcreateserial", "-days", "365", "-extfile", s.path("one/ext"), "-out", at("o.crt")},
			}, before: fresh},
			{name: "cfssl gencert (to stdout)", commands: [][]string{{s.peer("cfssl"), "gencert", "-loglevel", "5", "-ca", ca, "-ca-key", caKey, s.path("one/cfssl.json")}}, before: fresh},
			{name: "step certificate create", commands: [][]string{step}, before: fresh},
		},
	}
}

func write(path, text string) {
	must(os.MkdirAll(filepath.Dir(path), 0o755))
	must(os.WriteFile(path, []byte(text), 0o644))
}

const (
	inProcessP256 = 5000
	inProcessRSA  = 10

	kubeadmText = `apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
localAPIEndpoint:
  advertiseAddress: 10.27.53.32
nodeRegistration:
  name: shaolin
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: v1.34.4
controlPlaneEndpoint: kubernetes.default.svc:8443
encryptionAlgorithm: %s
certificatesDir: %s
`
	inventoryText = `apiVersion: hapki.dev/v1
kind: Cluster
metadata: { name: wulin }
kubernetes: { version: "1.34", controlPlaneEndpoint: "kubernetes.default.svc:8443" }
certificates: { key: %s }
nodes:
  - { name: shaolin, addresses: [10.27.53.32], roles: [control-plane, etcd] }
`
)
