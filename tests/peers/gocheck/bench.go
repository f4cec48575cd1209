package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"flag"
	"fmt"
	"math/big"
	"net"
	"os"
	"runtime"
	"syscall"
	"time"
)

// bench measures Go's own cost of issuing and judging, on one thread. The CPU
// time is this process's, user and system, around the work.
func bench(args []string) (answer, error) {
	runtime.GOMAXPROCS(1)
	switch {
	case len(args) > 0 && args[0] == "issue":
		return benchIssue(args[1:])
	case len(args) > 0 && args[0] == "verify":
		return benchVerify(args[1:])
	case len(args) > 0 && args[0] == "names":
		return benchNames(args[1:])
	}
	return answer{}, errors.New("bench what? issue, verify or names")
}

func benchIssue(args []string) (answer, error) {
	flags := flag.NewFlagSet("bench issue", flag.ExitOnError)
	kind := flags.String("key", "p256", "p256 or rsa2048")
	count := flags.Int("n", 1000, "how many leaves")
	flags.Parse(args)

	generate, known := map[string]func() (crypto.Signer, error){
		"p256":    func() (crypto.Signer, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) },
		"rsa2048": func() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, 2048) },
	}[*kind]
	if !known {
		return answer{}, fmt.Errorf("--key %q is neither p256 nor rsa2048", *kind)
	}
	ca, caKey, err := selfSigned(generate)
	if err != nil {
		return answer{}, err
	}
	return measured(*count, func() error {
		for range *count {
			if _, err := issue(generate, ca, caKey); err != nil {
				return err
			}
		}
		return nil
	})
}

// issue makes what kubeadm makes for an apiserver: a key, a random serial,
// seven SANs, one year.
func issue(generate func() (crypto.Signer, error), ca *x509.Certificate, caKey crypto.Signer) ([]byte, error) {
	key, err := generate()
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	now := time.Now()
	leaf := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: "kube-apiserver"},
		NotBefore:    now.Add(-5 * time.Minute),
		NotAfter:     now.AddDate(1, 0, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames: []string{
			"wudang", "kubernetes", "kubernetes.default", "kubernetes.default.svc",
			"kubernetes.default.svc.cluster.local",
		},
		IPAddresses:           []net.IP{net.IPv4(10, 96, 0, 1).To4(), net.IPv4(10, 24, 138, 208).To4()},
		BasicConstraintsValid: true,
	}
	return x509.CreateCertificate(rand.Reader, leaf, ca, key.Public(), caKey)
}

func selfSigned(generate func() (crypto.Signer, error)) (*x509.Certificate, crypto.Signer, error) {
	key, err := generate()
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "kubernetes"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().AddDate(10, 0, 0),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment | x509.KeyUsageCertSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, nil, err
	}
	ca, err := x509.ParseCertificate(der)
	return ca, key, err
}

func measured(count int, work func() error) (answer, error) {
	before, start := cpuSeconds(), time.Now()
	if err := work(); err != nil {
		return answer{}, err
	}
	return answer{true, map[string]any{
		"n":            count,
		"cpu_seconds":  cpuSeconds() - before,
		"wall_seconds": time.Since(start).Seconds(),
		"go":           runtime.Version(),
	}}, nil
}

func cpuSeconds() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		fmt.Fprintln(os.Stderr, "gocheck: getrusage:", err)
		os.Exit(2)
	}
	seconds := func(value syscall.Timeval) float64 { return float64(value.Sec) + float64(value.Usec)/1e6 }
	return seconds(usage.Utime) + seconds(usage.Stime)
}
