package main

import (
	"bufio"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// question is one line of the witness's input; certificates are DER in base64.
type question struct {
	Chain         [][]byte `json:"chain"`
	Intermediates [][]byte `json:"intermediates"`
	Roots         [][]byte `json:"roots"`
	Host          string   `json:"host"`
	Purpose       string   `json:"purpose"`
	Now           int64    `json:"now"`
}

// witness reads questions, one JSON object a line, and answers each with one:
// {"ok": true} or Go's error. The last line says how many it judged.
func witness([]string) (answer, error) {
	questions := json.NewDecoder(bufio.NewReader(os.Stdin))
	buffer := bufio.NewWriter(os.Stdout)
	answers := json.NewEncoder(buffer)
	judged := 0
	for ; ; judged++ {
		var asked question
		if err := questions.Decode(&asked); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return answer{}, fmt.Errorf("question %d: %w", judged+1, err)
		}
		outcome, err := asked.judge()
		if err != nil {
			return answer{}, fmt.Errorf("question %d: %w", judged+1, err)
		}
		if err := answers.Encode(verdict(outcome).body); err != nil {
			return answer{}, err
		}
	}
	return answer{true, map[string]int{"judged": judged}}, buffer.Flush()
}

// judge is Go's verdict, and apart from it what makes the question unfit to be asked.
func (asked question) judge() (outcome, unfit error) {
	usages := map[string]x509.ExtKeyUsage{
		"server": x509.ExtKeyUsageServerAuth,
		"client": x509.ExtKeyUsageClientAuth,
		"any":    x509.ExtKeyUsageAny,
	}
	usage, known := usages[asked.Purpose]
	if !known || len(asked.Chain) == 0 {
		return nil, fmt.Errorf("purpose %q, %d certificates", asked.Purpose, len(asked.Chain))
	}
	options := x509.VerifyOptions{
		Roots:         x509.NewCertPool(),
		Intermediates: x509.NewCertPool(),
		DNSName:       asked.Host,
		CurrentTime:   time.Unix(asked.Now, 0).UTC(),
		KeyUsages:     []x509.ExtKeyUsage{usage},
	}
	leaf, err := x509.ParseCertificate(asked.Chain[0])
	if err != nil {
		return err, nil
	}
	for _, group := range []struct {
		pool *x509.CertPool
		ders [][]byte
	}{
		{options.Intermediates, asked.Chain[1:]},
		{options.Intermediates, asked.Intermediates},
		{options.Roots, asked.Roots},
	} {
		for _, der := range group.ders {
			// What cannot be parsed is passed over, as AppendCertsFromPEM does.
			if certificate, err := x509.ParseCertificate(der); err == nil {
				group.pool.AddCert(certificate)
			}
		}
	}
	_, err = leaf.Verify(options)
	return err, nil
}
