module compose

go 1.19

require github.com/compose-spec/compose-go/v2 v2.9.1

require (
	github.com/sirupsen/logrus v1.9.0 // indirect
	golang.org/x/sys v0.5.0 // indirect
)
