; The installer for Windows, per person, without an administrator: Inno Setup 6.3 or newer.
; installers/build.py --target windows gives it Version, Source, Output and, to sign, Signed.
; For IT: setup.exe /VERYSILENT /SUPPRESSMSGBOXES /NORESTART [/TASKS="startup,path"] [/LOG=file],
; and to remove it: unins000.exe /VERYSILENT. Configuration and journal stay in either case.

#ifndef Version
  #error Run installers/build.py --target windows
#endif
#define Name "HrFlow Watcher"
#define Program "hrflow-watcher.exe"

[Setup]
; The same for ever: by it a newer version finds the older one, and takes its place.
AppId={{6E0B1B54-3F0A-4B0E-9C55-2B7C4E6F7A51}
AppName={#Name}
AppVersion={#Version}
AppVerName={#Name} {#Version}
VersionInfoVersion={#FourNumbers}
DefaultDirName={localappdata}\Programs\hrflow-watcher
DisableDirPage=auto
DisableProgramGroupPage=yes
PrivilegesRequired=lowest
ArchitecturesAllowed=x64compatible
ArchitecturesInstallIn64BitMode=x64compatible
MinVersion=10.0.17763
OutputDir={#Output}
OutputBaseFilename=hrflow-watcher-{#Version}-setup
Compression=lzma2/max
SolidCompression=yes
WizardStyle=modern
LicenseFile={#License}
UninstallDisplayIcon={app}\{#Program}
UninstallDisplayName={#Name}
; What runs is ended below, before its files are replaced.
CloseApplications=no
RestartApplications=no
ChangesEnvironment=yes
SetupIconFile={#Icon}
#ifdef Signed
SignTool=release
SignedUninstaller=yes
#endif

[Languages]
Name: "english"; MessagesFile: "compiler:Default.isl"
Name: "french"; MessagesFile: "compiler:Languages\French.isl"

[CustomMessages]
english.Startup=Start it at every login
french.Startup=Le démarrer à chaque ouverture de session
english.Path=Make the command hrflow-watcher known in terminals
french.Path=Rendre la commande hrflow-watcher disponible dans les terminaux
english.SetUp=Set it up now
french.SetUp=Le configurer maintenant

[Tasks]
Name: "startup"; Description: "{cm:Startup}"
Name: "path"; Description: "{cm:Path}"

[InstallDelete]
; Libraries of an older version must not be found beside the new ones.
Type: filesandordirs; Name: "{app}\_internal"

[Files]
Source: "{#Source}\*"; DestDir: "{app}"; Flags: recursesubdirs createallsubdirs ignoreversion

[Icons]
Name: "{autoprograms}\{#Name}"; Filename: "{app}\{#Program}"; Parameters: "open"

[Registry]
Root: HKCU; Subkey: "Environment"; ValueType: expandsz; ValueName: "Path"; \
  ValueData: "{olddata};{app}"; Tasks: path; Check: IsNotInPath

[Run]
Filename: "{app}\{#Program}"; Parameters: "service install"; Tasks: startup; \
  Flags: runhidden waituntilterminated
; An update without that task: what ran before runs again, and starts at login as it did.
Filename: "{app}\{#Program}"; Parameters: "service start"; Tasks: not startup; Check: WasRunning; \
  Flags: runhidden waituntilterminated
Filename: "{app}\{#Program}"; Parameters: "setup"; Description: "{cm:SetUp}"; \
  Flags: postinstall nowait skipifsilent unchecked

[UninstallRun]
Filename: "{app}\{#Program}"; Parameters: "service uninstall"; RunOnceId: "Service"; \
  Flags: runhidden waituntilterminated

[UninstallDelete]
Type: filesandordirs; Name: "{app}\_internal"

[Code]
const
  Variables = 'Environment';

function IsNotInPath: Boolean;
var
  Known: String;
begin
  if not RegQueryStringValue(HKCU, Variables, 'Path', Known) then
    Known := '';
  Result := Pos(';' + Uppercase(ExpandConstant('{app}')) + ';', ';' + Uppercase(Known) + ';') = 0;
end;

var
  RanBefore: Boolean;

function WasRunning: Boolean;
begin
  Result := RanBefore;
end;

{ Stops what runs, as its files are about to be replaced; [Run] starts it again. }
function PrepareToInstall(var NeedsRestart: Boolean): String;
var
  Code: Integer;
begin
  Result := '';
  if not FileExists(ExpandConstant('{app}\{#Program}')) then
    exit;
  { 8: it does not run. }
  RanBefore := Exec(ExpandConstant('{app}\{#Program}'), 'status', '', SW_HIDE, ewWaitUntilTerminated, Code)
    and (Code <> 8);
  Exec(ExpandConstant('{app}\{#Program}'), 'service stop', '', SW_HIDE, ewWaitUntilTerminated, Code);
end;

procedure CurUninstallStepChanged(Step: TUninstallStep);
var
  Known, Here: String;
  At: Integer;
begin
  if Step <> usPostUninstall then
    exit;
  if not RegQueryStringValue(HKCU, Variables, 'Path', Known) then
    exit;
  Here := ';' + ExpandConstant('{app}');
  At := Pos(Uppercase(Here) + ';', Uppercase(Known) + ';');
  if At > 0 then
  begin
    Delete(Known, At, Length(Here));
    RegWriteExpandStringValue(HKCU, Variables, 'Path', Known);
  end;
end;
