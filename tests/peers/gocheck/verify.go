package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"flag"
	"fmt"
	"os"
	"runtime"
	"time"
)

func version([]string) (answer, error) {
	return answer{true, map[string]string{"go": runtime.Version()}}, nil
}

// verify answers as Certificate.Verify does: its error alone, without the
// prefix that crypto/tls puts before it.
func verify(args []string) (answer, error) {
	flags := flag.NewFlagSet("verify", flag.ExitOnError)
	rootsFile := flags.String("roots", "", "PEM file of the trusted certificates")
	chainFile := flags.String("chain", "", "PEM file, leaf first")
	intermediatesFile := flags.String("intermediates", "", "PEM file of further intermediates")
	host := flags.String("host", "", "name or address dialled")
	purpose := flags.String("purpose", "server", "server or client")
	at := flags.String("at", "", "instant of the judgement")
	flags.Parse(args)

	roots, err := pool(*rootsFile)
	if err != nil {
		return answer{}, err
	}
	options := x509.VerifyOptions{Roots: roots, DNSName: *host, Intermediates: x509.NewCertPool()}
	switch *purpose {
	case "server":
		options.KeyUsages = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	case "client":
		options.KeyUsages = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	default:
		return answer{}, fmt.Errorf("--purpose %q is neither server nor client", *purpose)
	}
	if *at != "" {
		if options.CurrentTime, err = time.Parse(time.RFC3339, *at); err != nil {
			return answer{}, err
		}
	}
	blocks, err := certificateBlocks(*chainFile)
	if err != nil {
		return answer{}, err
	}
	leaf, err := x509.ParseCertificate(blocks[0])
	if err != nil {
		return verdict(err), nil
	}
	for _, der := range blocks[1:] {
		if intermediate, err := x509.ParseCertificate(der); err == nil {
			options.Intermediates.AddCert(intermediate)
		}
	}
	if *intermediatesFile != "" {
		bytes, err := os.ReadFile(*intermediatesFile)
		if err != nil {
			return answer{}, err
		}
		options.Intermediates.AppendCertsFromPEM(bytes)
	}
	_, err = leaf.Verify(options)
	return verdict(err), nil
}

// keypair loads a certificate and its key as every Go server does.
func keypair(args []string) (answer, error) {
	flags := flag.NewFlagSet("keypair", flag.ExitOnError)
	certificate := flags.String("cert", "", "PEM file")
	key := flags.String("key", "", "PEM file")
	flags.Parse(args)
	_, err := tls.LoadX509KeyPair(*certificate, *key)
	return verdict(err), nil
}

func pool(file string) (*x509.CertPool, error) {
	bytes, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(bytes)
	return roots, nil
}

func certificateBlocks(file string) ([][]byte, error) {
	rest, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var blocks [][]byte
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type == "CERTIFICATE" {
			blocks = append(blocks, block.Bytes)
		}
	}
	if len(blocks) == 0 {
		return nil, fmt.Errorf("%s holds no certificate", file)
	}
	return blocks, nil
}
