// SPDX-License-Identifier: Apache-2.0
// Certificates for tests, made with openssl: a CA "good" with certificates for 127.0.0.1 and
// localhost ("server"), for another name ("elsewhere"), for a client ("client") and one that has
// expired ("expired"), and a CA "other".
#pragma once

#include "tests/unit/mosquitto.hpp"

namespace twinsky::testing_world {

class Certificates {
 public:
  Certificates() {
    const std::string script = R"(
set -e
cd "$1"
for ca in good other; do
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 \
    -keyout $ca.key -out $ca.pem -subj "/CN=$ca test CA"
done
issue() {  # name, alternative name, days from, days to
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout $1.key \
    -out $1.csr -subj "/CN=$1"
  printf 'subjectAltName=%s\n' "$2" > $1.ext
  openssl x509 -req -in $1.csr -CA good.pem -CAkey good.key -CAcreateserial -days $3 \
    -extfile $1.ext -out $1.pem
}
issue server IP:127.0.0.1,DNS:localhost 30
issue elsewhere DNS:elsewhere.example.org 30
issue client DNS:mk-roof 30
openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout expired.key \
  -out expired.csr -subj /CN=expired
mkdir -p old && touch old/index && echo 01 > old/serial
printf '[ca]\ndefault_ca=d\n[d]\ndir=.\ndatabase=old/index\nserial=old/serial\nnew_certs_dir=old\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n' > old/conf
openssl ca -batch -config old/conf -cert good.pem -keyfile good.key -in expired.csr \
  -extfile server.ext -startdate 20200101000000Z -enddate 20200201000000Z -out expired.pem
chmod a+r *.key
touch done
)";
    Process({"sh", made_.write("make.sh", script), made_.path.string()}).wait();
    if (!fs::exists(made_.path / "done")) throw std::runtime_error("openssl is needed");
  }

  [[nodiscard]] std::string file(const std::string& name) const {
    return (made_.path / name).string();
  }
  // The lines of a mosquitto that shows a certificate.
  [[nodiscard]] std::string broker_with(const std::string& certificate,
                                        const std::string& more = "allow_anonymous true\n") const {
    return "certfile " + file(certificate + ".pem") + "\nkeyfile " + file(certificate + ".key") +
           "\n" + more;
  }

 private:
  Directory made_;
};

}  // namespace twinsky::testing_world
