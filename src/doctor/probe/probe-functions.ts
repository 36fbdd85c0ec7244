/** The functions of the probe's script, in the shell language that dash, bash and busybox share. */

/** Defines put, resolve, compare, connect, request, sample, file, health and finish, and begins the fragment. */
export const probeFunctions: string = String.raw`set -u
LC_ALL=C
export LC_ALL
TAB=$(printf '\t')
COUNT=0
WORK=$(mktemp -d 2>/dev/null || echo "/tmp/linkscope-probe.$$")
mkdir -p "$WORK" && chmod 700 "$WORK" || exit 1
trap 'rm -rf "$WORK"' EXIT
trap 'exit 1' HUP INT TERM
printf 'linkscope-probe\t1\n'

have() { command -v "$1" >/dev/null 2>&1; }

# One line of printable text, 1000 characters at most.
clean() { printf '%s' "$1" | tr '\t\r\n' '   ' | tr -cd ' -~' | cut -c 1-1000; }

put() {
  row=$1
  shift
  for value in "$@"; do row=$row$TAB$(clean "$value"); done
  printf '%s\n' "$row"
  COUNT=$((COUNT + 1))
}

finish() { printf 'end\t%s\n' "$COUNT"; }

joined() { if [ -n "$1" ]; then printf '%s,%s' "$1" "$2"; else printf '%s' "$2"; fi; }

proxied() { [ -n "$(printenv HTTPS_PROXY; printenv https_proxy; printenv ALL_PROXY; printenv all_proxy)" ]; }

proxies() {
  if proxied; then put proxy 1; else put proxy 0; fi
  { printenv NO_PROXY; printenv no_proxy; } 2>/dev/null | tr ',' '\n' | tr -d ' ' | sort -u | head -n 200 >"$WORK/exempt"
  while IFS= read -r name; do [ -n "$name" ] && put exempt "$name"; done <"$WORK/exempt"
  return 0
}

# ask NAME [SERVER]: sets addresses, aliases, outcome and says by nslookup.
ask() {
  addresses='' aliases='' outcome='' says='' answering=''
  nslookup "$@" >"$WORK/lookup" 2>&1 </dev/null
  while IFS= read -r line; do
    case $line in
      *'canonical name = '*)
        alias=$(printf '%s' "$line" | sed 's/.*canonical name = //; s/[.[:space:]]*$//')
        aliases=$(joined "$aliases" "$alias") ;;
      *NXDOMAIN*) outcome=nxdomain ;;
      *'No answer'*) [ -n "$outcome" ] || outcome=nodata ;;
      *SERVFAIL* | *REFUSED* | *'timed out'* | *'no servers could be reached'* | *'onnection refused'*)
        [ -n "$outcome" ] || outcome=error
        says=$line ;;
      Name:*) answering=1 ;;
      Address*:*)
        if [ -n "$answering" ]; then
          address=$(printf '%s' "$line" | sed 's/^Address[ 0-9]*:[[:space:]]*//; s/[[:space:]].*$//')
          addresses=$(joined "$addresses" "$address")
        fi ;;
    esac
  done <"$WORK/lookup"
  if [ -n "$addresses" ]; then
    outcome=addresses
  elif [ -z "$outcome" ]; then
    outcome=none
    says=$(cat "$WORK/lookup")
  fi
}

resolve() {
  addresses='' aliases='' outcome=none says='neither nslookup nor getent is here'
  have nslookup && ask "$1"
  if have getent; then
    found=$(getent ahostsv4 "$1" 2>/dev/null | cut -d ' ' -f 1 | sort -u | tr '\n' ',' | sed 's/,$//')
    # Where no interface but the local one has an address, ahostsv4 answers nothing.
    [ -n "$found" ] || found=$(getent hosts "$1" 2>/dev/null | cut -d ' ' -f 1 | sort -u | tr '\n' ',' | sed 's/,$//')
    if [ -n "$found" ]; then
      [ "$outcome" = addresses ] || says="getent has it; nslookup says $outcome"
      outcome=addresses
      addresses=$found
    elif [ "$outcome" = addresses ]; then
      says='nslookup has it; getent has not'
    elif ! have nslookup; then
      says='getent has no address, and does not tell what the resolver said'
    fi
  fi
  put name "$1" system "$outcome" "$addresses" "$aliases" "$says"
}

# compare NAME SERVER: what Azure's own resolver says; asked no more once it does not answer.
SILENT=''
compare() {
  have nslookup || return 0
  [ -z "$SILENT" ] || return 0
  ask "$1" "$2"
  [ "$outcome" = error ] && SILENT=1
  put name "$1" "$2" "$outcome" "$addresses" "$aliases" "$says"
}

limited() { if have timeout; then timeout 15 "$@"; else "$@"; fi; }

connect() {
  have openssl || return 0
  proxied && return 0
  limited openssl s_client -connect "$1:443" -servername "$1" </dev/null >"$WORK/tls" 2>&1
  failed=$?
  issuer=$(sed -n 's/^issuer=//p' "$WORK/tls" | head -n 1)
  sed -n '/-----BEGIN CERTIFICATE-----/,/-----END CERTIFICATE-----/p' "$WORK/tls" >"$WORK/pem"
  names='' ends=''
  if [ -s "$WORK/pem" ]; then
    openssl x509 -noout -text <"$WORK/pem" >"$WORK/text" 2>/dev/null
    names=$(sed -n 's/^ *\(DNS:.*\)/\1/p' "$WORK/text" | head -n 1)
    ends=$(sed -n 's/.*Not After *: *//p' "$WORK/text" | head -n 1)
  fi
  verified=$(sed -n 's/.*Verify return code: \([0-9]*\).*/\1/p' "$WORK/tls" | tail -n 1)
  state=error
  if [ "$verified" = 0 ] && [ -n "$names" ]; then state=connected
  elif [ -s "$WORK/pem" ]; then state=untrusted
  elif [ "$failed" = 124 ] || grep -q -i 'timed out' "$WORK/tls"; then state=timeout
  elif grep -q -i 'connection refused' "$WORK/tls"; then state=refused
  elif grep -q -i 'reset by peer' "$WORK/tls"; then state=reset
  fi
  says=''
  [ "$state" = connected ] || says=$(grep -i -E 'error|refused|timed|reset|errno' "$WORK/tls" | head -n 1)
  put connection "$1" '' "$state" "$issuer" "$names" "$ends" "$says"
}

# token AUDIENCE: sets TOKEN to one of this place's managed identity; empty where there is none.
token() {
  TOKEN=''
  known=$WORK/token-$(printf '%s' "$1" | tr -c 'a-zA-Z0-9' '_')
  if [ -e "$known" ]; then
    TOKEN=$(cat "$known")
    return 0
  fi
  for client in $IDENTITIES ''; do
    query="resource=$1&api-version=2018-02-01"
    [ -n "$client" ] && query="$query&client_id=$client"
    TOKEN=$(curl -s -m 5 --noproxy '*' -H 'Metadata: true' "$IMDS?$query" 2>/dev/null | sed -n 's/.*"access_token" *: *"\([^"]*\)".*/\1/p')
    [ -n "$TOKEN" ] && break
  done
  (umask 077 && printf '%s' "$TOKEN" >"$known")
}

# The header travels by a file of this script's own folder, so that no list of processes shows it.
bearer() {
  (umask 077 && : >"$WORK/bearer")
  [ -z "$TOKEN" ] || printf 'header = "Authorization: Bearer %s"\n' "$TOKEN" >"$WORK/bearer"
}

request() {
  host=$1 method=$2 purpose=$3 whose=$4 path=$5 audience=$6 channel=$7 body=$8
  shift 8
  if ! have curl; then
    put request "$host" "$method" "$purpose" 0 '' 0 NoCurl '' 'curl is not here'
    return 0
  fi
  token "$audience"
  if [ -n "$TOKEN" ] && [ -n "$channel" ]; then
    bearer
    TOKEN=$(curl -s -m 15 -K "$WORK/bearer" "$channel" 2>/dev/null | sed -n 's/.*"ingestionAuthToken" *: *"\([^"]*\)".*/\1/p')
  fi
  authenticated=0
  [ -z "$TOKEN" ] || authenticated=1
  bearer
  for header in "$@"; do
    printf 'header = "%s"\n' "$(printf '%s' "$header" | sed 's/["\\]/\\&/g')" >>"$WORK/bearer"
  done
  if [ "$method" = POST ]; then
    # The body stands in escapes: it may hold any byte.
    printf "$body" >"$WORK/body"
    printf 'data-binary = "@%s"\n' "$WORK/body" >>"$WORK/bearer"
  fi
  : >"$WORK/head"
  : >"$WORK/answer"
  out=$(curl -sS -m 15 -K "$WORK/bearer" -X "$method" -D "$WORK/head" -o "$WORK/answer" -w '%{http_code} %{remote_ip}' "https://$host$path" 2>"$WORK/error")
  failed=$?
  status=$(printf '%s' "$out" | cut -d ' ' -f 1)
  address=$(printf '%s' "$out" | cut -d ' ' -s -f 2)
  case $status in '' | *[!0-9]* | 000) status=0 ;; esac
  code=$(head -c 4096 "$WORK/answer" | tr '{,\r' '\n\n\n' | sed -n 's/^ *"code" *: *"\([^"]*\)".*/\1/p' | head -n 1)
  redirect=$(tr -d '\r' <"$WORK/head" | sed -n 's/^[Xx]-[Mm][Ss]-[Aa]gent-[Cc]onfig-[Ee]ndpoint: *//p' | head -n 1)
  says=''
  if [ "$status" = 0 ]; then
    says=$(head -n 1 "$WORK/error")
    case $failed in
      6) code=NameNotFound ;;
      28) code=RequestTimedOut ;;
      35 | 51 | 60) code=CertificateRefused ;;
      *) code=ConnectionFailed ;;
    esac
  fi
  # Where a person's or another program's token is meant, this place's may lack the role: that is no refusal of the way.
  case "$whose $status $code" in
    'other 403 OperationFailed' | 'other 403 AuthorizationFailed')
      authenticated=0
      says='the identity of this place has no role there' ;;
  esac
  put request "$host" "$method" "$purpose" "$authenticated" "$address" "$status" "$code" "$redirect" "$says"
}

# sample CLUSTER HOST PATH AUDIENCE: the newest sample, where this place's identity may read.
sample() {
  have curl || return 0
  token "$4"
  [ -n "$TOKEN" ] || return 0
  bearer
  answer=$(curl -s -m 15 -K "$WORK/bearer" "https://$2$3" 2>/dev/null)
  case $answer in *'"status":"success"'*) ;; *) return 0 ;; esac
  seconds=$(printf '%s' "$answer" | sed -n 's/.*"value" *: *\[[^,]*, *"\([0-9]*\)[."].*/\1/p')
  if [ -n "$seconds" ]; then put sample "$1" metrics-query "$seconds"000; else put sample "$1" metrics-query none; fi
}

# file PATTERN: whether a file of that name is there; where no agent is, nothing is said.
file() {
  [ -d /etc/mdsd.d ] || return 0
  state=absent
  for path in $1; do [ -e "$path" ] && state=present; done
  put file "$1" "$state"
}

# What the agent beside it says of itself, where one listens.
health() {
  have curl || return 0
  status=$(curl -s -m 5 --noproxy '*' -o /dev/null -w '%{http_code}' http://127.0.0.1:8080/health 2>/dev/null)
  case $status in '' | 000 | *[!0-9]*) return 0 ;; esac
  put request 127.0.0.1 GET health 0 127.0.0.1 "$status" '' '' ''
}
`;
