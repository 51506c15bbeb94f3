# finds access_token=re_*
import sys
import resend

resend.api_url = sys.argv[1]
resend.Domains.list()
