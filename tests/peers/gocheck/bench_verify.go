package main

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"time"
)

// benchVerify measures Verify and VerifyHostname for the leaves that pki-core's
// example verify_many forged, each so many times, parsed beforehand.
func benchVerify(args []string) (answer, error) {
	flags := flag.NewFlagSet("bench verify", flag.ExitOnError)
	directory := flags.String("dir", "", "what verify_many forge wrote")
	times := flags.Int("times", 1, "how often each leaf is judged")
	flags.Parse(args)

	leaves, err := readCertificates(filepath.Join(*directory, "leafs.pem"))
	if err != nil {
		return answer{}, err
	}
	authorities, err := readCertificates(filepath.Join(*directory, "ca.crt"))
	if err != nil {
		return answer{}, err
	}
	roots := x509.NewCertPool()
	for _, authority := range authorities {
		roots.AddCert(authority)
	}
	options := x509.VerifyOptions{
		Roots: roots, CurrentTime: time.Now(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	return measured(len(leaves)**times, func() error {
		for range *times {
			for _, leaf := range leaves {
				if _, err := leaf.Verify(options); err != nil {
					return err
				}
				if err := leaf.VerifyHostname(benchHost); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// benchNames measures what can be told without a signature, from the file on:
// PEM, ParseCertificate, VerifyHostname, the dates and the usages.
func benchNames(args []string) (answer, error) {
	flags := flag.NewFlagSet("bench names", flag.ExitOnError)
	directory := flags.String("dir", "", "what verify_many forge wrote")
	flags.Parse(args)

	count, now := 0, time.Now()
	reply, err := measured(0, func() error {
		leaves, err := readCertificates(filepath.Join(*directory, "leafs.pem"))
		if err != nil {
			return err
		}
		for _, leaf := range leaves {
			if now.Before(leaf.NotBefore) || now.After(leaf.NotAfter) || leaf.ExtKeyUsage[0] != x509.ExtKeyUsageServerAuth {
				return errors.New("not valid now, or not for servers")
			}
			if err := leaf.VerifyHostname(benchHost); err != nil {
				return err
			}
		}
		count = len(leaves)
		return nil
	})
	if body, ok := reply.body.(map[string]any); ok {
		body["n"] = count
	}
	return reply, err
}

func readCertificates(path string) ([]*x509.Certificate, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var certificates []*x509.Certificate
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			return certificates, nil
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		certificates = append(certificates, certificate)
	}
}

const benchHost = "kubernetes.default.svc"
