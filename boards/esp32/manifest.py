freeze('$(PORT_DIR)/modules')  # they mount the file system, among other things
include('$(MPY_DIR)/extmod/asyncio')
include('../../manifest.py', app=options.app)
freeze('../modules', ('main.py', 'startup.py'), opt=3)
module('link.py', base_path='../modules/wifi', opt=3)
